<?php
// Prints rows of the plugin's tables as JSON: query.php CONFIG SQL
define('CLI_SCRIPT', true);
[, $config, $sql] = $argv;
require($config);
echo json_encode(array_values($DB->get_records_sql($sql)));
