<?php
// Enables the model "students at risk of dropping out" of a throw-away Moodle by quarters, and prints its id: enable.php CONFIG
define('CLI_SCRIPT', true);
[, $config] = $argv;
require($config);
require_once($CFG->libdir . '/filelib.php');
\core\session\manager::set_user(get_admin());
$id = $DB->get_field('analytics_models', 'id', ['target' => '\core_course\analytics\target\course_dropout'], MUST_EXIST);
(new \core_analytics\model($id))->enable('\core\analytics\time_splitting\quarters');
echo json_encode((int) $id);
