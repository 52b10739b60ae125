<?php
// Tells a throw-away Moodle who computes its analytics, and prints whether that is ready as JSON: true, or what is wrong.
// analytics.php CONFIG php | CONFIG python HOST PORT USER PASSWORD
define('CLI_SCRIPT', true);
[, $config, $processor] = $argv;
require($config);
require_once($CFG->libdir . '/filelib.php');
\core\session\manager::set_user(get_admin());
if ($processor === 'python') {
    foreach (array_combine(['host', 'port', 'username', 'password'], array_slice($argv, 3)) as $name => $value) {
        set_config($name, $value, 'mlbackend_python');
    }
    set_config('useserver', 1, 'mlbackend_python');
    set_config('secure', 0, 'mlbackend_python');
}
set_config('predictionsprocessor', "\\mlbackend_$processor\\processor", 'analytics');
set_config('onlycli', 1, 'analytics');
set_config('modeloutputdir', '', 'analytics');
$DB->execute('UPDATE {tool_usertours_tours} SET enabled = 0');
$class = "\\mlbackend_$processor\\processor";
echo json_encode((new $class())->is_ready());
