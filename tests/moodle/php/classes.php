<?php
// Fills a throw-away Moodle with two finished course runs and one under way, for its analytics: classes.php CONFIG LEARNERS
// Of each run a third of the learners stops half-way, and was quieter before. Prints the running course's id as JSON.
define('CLI_SCRIPT', true);
[, $config, $count] = $argv;
require($config);
require_once($CFG->libdir . '/testing/generator/lib.php');
\core\session\manager::set_user(get_admin());
mt_srand(7);
$generator = new testing_data_generator();
$teacher = $generator->create_user(['username' => 'analyst', 'password' => 'Earlybell.1', 'firstname' => 'Tara', 'lastname' => 'Teach']);
$learners = [];
for ($i = 1; $i <= $count; $i++) {
    $learners[] = $generator->create_user(['username' => "sample$i", 'lastname' => "Sample $i", 'email' => "sample$i@example.invalid"]);
}
$weeks = 12;
foreach ([-60, -30, -8] as $run => $since) {
    $start = time() + $since * WEEKSECS;
    $course = $generator->create_course(['shortname' => "ANALYSED$run", 'fullname' => "Course for analytics $run", 'format' => 'topics',
        'startdate' => $start, 'enddate' => $start + $weeks * WEEKSECS]);
    $forum = $generator->create_module('forum', ['course' => $course->id]);
    $page = $generator->create_module('page', ['course' => $course->id]);
    $context = context_course::instance($course->id);
    $generator->enrol_user($teacher->id, $course->id, 'editingteacher');
    $log = [];
    foreach ($learners as $i => $learner) {
        $generator->enrol_user($learner->id, $course->id, 'student', 'manual', $start - DAYSECS);
        $DB->set_field('user_enrolments', 'timecreated', $start - DAYSECS, ['userid' => $learner->id, 'timestart' => $start - DAYSECS]);
        $stops = ($i + $run) % 3 === 0;
        for ($day = 0; $day < min($weeks * 7, -7 * $since); $day++) {
            $leaves = $stops && $day > $weeks * 7 * .45;
            if ($leaves || mt_rand(0, 99) >= ($stops ? 10 : 55)) {
                continue;
            }
            $module = [$forum, $page][mt_rand(0, 1)];
            $name = $module === $forum ? 'forum' : 'page';
            $cm = context_module::instance($module->cmid);
            foreach ([['core', 'viewed', 'course', 'r', $context], ["mod_$name", 'viewed', 'course_module', 'r', $cm],
                    ['mod_forum', 'created', 'post', 'c', context_module::instance($forum->cmid)]] as $at => [$component, $action, $target, $crud, $in]) {
                if ($at < 2 || mt_rand(0, 3) === 0) {
                    $log[] = ['eventname' => "\\$component\\event\\{$target}_$action", 'component' => $component, 'action' => $action,
                        'target' => $target, 'crud' => $crud, 'edulevel' => 2, 'contextid' => $in->id, 'contextlevel' => $in->contextlevel,
                        'contextinstanceid' => $in->instanceid, 'userid' => $learner->id, 'courseid' => $course->id, 'anonymous' => 0,
                        'other' => 'null', 'timecreated' => $start + $day * DAYSECS + 9 * HOURSECS + 60 * $at, 'origin' => 'web', 'ip' => ''];
                }
            }
        }
    }
    usort($log, fn(array $one, array $other): int => $one['timecreated'] <=> $other['timecreated']);
    $DB->insert_records('logstore_standard_log', $log);
}
echo json_encode((int) $course->id);
