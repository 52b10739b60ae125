<?php
// Prints what the extract gives, as JSON: raw_tables.php
declare(strict_types=1);
require(__DIR__ . '/load.php');
use local_earlybell\local\raw_tables;

echo json_encode(['tables' => raw_tables::TABLES, 'settings' => raw_tables::SETTINGS, 'plugins' => raw_tables::PLUGIN_SETTINGS]);
