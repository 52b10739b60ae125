<?php
// Notes something about a learner: act.php CONFIG COURSE LEARNER TEACHER
define('CLI_SCRIPT', true);
[, $config, $course, $learner, $teacher] = $argv;
require($config);
$id = \local_earlybell\local\actions::add('note', (int) $course, (int) $learner, (int) $teacher, time(), ['text' => 'Not to be told']);
echo json_encode($id);
