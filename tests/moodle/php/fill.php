<?php
// Fills a throw-away Moodle with a course run under way: fill.php CONFIG LEARNERS. Prints ids as JSON. Never for a site that matters.
// Teacher "teacher" and learners "learner1" …, all with the password Earlybell.1.
define('CLI_SCRIPT', true);
[, $config, $count] = $argv;
require($config);
require_once($CFG->libdir . '/testing/generator/lib.php');
require_once($CFG->dirroot . '/mod/quiz/locallib.php');
require_once($CFG->dirroot . '/course/lib.php');

\core\session\manager::set_user(get_admin());
mt_srand(7);
set_config('texteditors', 'textarea,tiny');
$DB->execute('UPDATE {tool_usertours_tours} SET enabled = 0');
$generator = new testing_data_generator();
$weeks = 8;
$start = (new DateTimeImmutable('today', core_date::get_server_timezone_object()))->modify("-$weeks weeks")->getTimestamp();
$course = $generator->create_course(['shortname' => 'STAT1-2026', 'fullname' => 'Introduction to statistics', 'format' => 'topics',
    'numsections' => 4, 'startdate' => $start, 'enddate' => $start + 15 * WEEKSECS, 'summary' => '']);
$earlier = $generator->create_course(['shortname' => 'STAT1-2025', 'fullname' => 'Introduction to statistics (last year)',
    'startdate' => $start - YEARSECS, 'enddate' => $start - YEARSECS + 15 * WEEKSECS, 'summary' => '']);
$forum = $generator->create_module('forum', ['course' => $course->id, 'name' => 'Questions and answers']);
$page = $generator->create_module('page', ['course' => $course->id, 'name' => 'Reading: the mean and its friends', 'content' => 'Text']);

/** A quiz with two questions that are true. */
$quiz = function (string $name, int $close) use ($generator, $course) {
    global $DB;
    $quiz = $generator->create_module('quiz', ['course' => $course->id, 'name' => $name, 'grade' => 10, 'timeclose' => $close, 'section' => 1,
        'preferredbehaviour' => 'deferredfeedback', 'questionsperpage' => 0]);
    $questions = $generator->get_plugin_generator('core_question');
    $category = $questions->create_question_category(['contextid' => context_module::instance($quiz->cmid)->id]);
    $text = fn(string $words): array => ['text' => $words, 'format' => FORMAT_HTML];
    for ($i = 1; $i <= 2; $i++) {
        $new = (object) ['qtype' => 'truefalse', 'createdby' => 0, 'idnumber' => null, 'status' => 'ready'];
        $made = question_bank::get_qtype('truefalse')->save_question($new, (object) [
            'category' => "$category->id,$category->contextid", 'name' => "$name.$i", 'questiontext' => $text('This is true.'),
            'generalfeedback' => $text(''), 'defaultmark' => 1, 'penalty' => 1, 'idnumber' => null, 'correctanswer' => '1',
            'feedbacktrue' => $text(''), 'feedbackfalse' => $text(''), 'status' => 'ready',
        ]);
        quiz_add_quiz_question($made->id, $quiz, 0, 1);
    }
    \mod_quiz\quiz_settings::create($quiz->id)->get_grade_calculator()->recompute_quiz_sumgrades();
    return $quiz;
};
$quizzes = $assigns = [];
for ($week = 2; $week <= $weeks + 2; $week += 2) {
    $quizzes[$week] = $quiz("Quiz $week", $start + $week * WEEKSECS);
}
foreach ([3 => 'Essay: samples', 6 => 'Essay: regression', 9 => 'Essay: doubt'] as $week => $name) {
    $due = $week === 9 ? time() + 3 * DAYSECS : $start + $week * WEEKSECS;
    $assigns[$week] = $generator->create_module('assign', ['course' => $course->id, 'name' => $name, 'grade' => 100, 'section' => 2,
        'duedate' => $due, 'assignsubmission_onlinetext_enabled' => 1, 'submissiondrafts' => 0]);
}
$first = ['Amal', 'Ben', 'Chloé', 'Dina', 'Émile', 'Farid', 'Grace', 'Hana', 'Ivo', 'Jamal', 'Kofi', 'Layla', 'Mina'];
$last = ['Aziz', 'Brown', 'Chen', 'Díaz', 'Eriksen', 'Fahmy', 'García', 'Hassan', 'Ito', 'Jansen', 'Khalil'];
$user = fn(string $name, string $one, string $other) => $generator->create_user(['username' => $name, 'password' => 'Earlybell.1',
    'firstname' => $one, 'lastname' => $other, 'email' => "$name@example.invalid"]);
$teacher = $user('teacher', 'Tara', 'Teach');
$generator->enrol_user($teacher->id, $course->id, 'editingteacher');
$log = $ids = [];
$context = context_course::instance($course->id);
$act = function (int $userid, int $time, string $component, string $action, string $target) use (&$log, $course, $context): void {
    $log[] = ['eventname' => "\\$component\\event\\{$target}_$action", 'component' => $component, 'action' => $action, 'target' => $target,
        'objecttable' => null, 'objectid' => null, 'crud' => 'r', 'edulevel' => 2, 'contextid' => $context->id, 'contextlevel' => 50,
        'contextinstanceid' => $course->id, 'userid' => $userid, 'courseid' => $course->id, 'anonymous' => 0, 'other' => 'null',
        'timecreated' => $time, 'origin' => 'web', 'ip' => ''];
};
$attempts = [];
for ($i = 1; $i <= $count; $i++) {
    $learner = $user("learner$i", $first[$i % count($first)], $last[$i % count($last)]);
    $ids[] = (int) $learner->id;
    // One of eight is new this week, so that too little is known of them.
    $new = $i % 8 === 0;
    $generator->enrol_user($learner->id, $course->id, 'student', 'manual', $new ? time() - 2 * DAYSECS : $start - DAYSECS);
    $DB->set_field('user_enrolments', 'timecreated', $new ? time() - 2 * DAYSECS : $start - DAYSECS, ['userid' => $learner->id]);
    $engaged = mt_rand(0, 100) / 100;
    $falls = $i % 4 === 1 ? mt_rand(10, 40) : 999;
    for ($day = $new ? $weeks * 7 - 2 : 0; $day < $weeks * 7; $day++) {
        $share = .15 + .7 * $engaged * ($day > $falls ? exp(-($day - $falls) / 4) : 1);
        if (mt_rand(0, 100) > 100 * $share) {
            continue;
        }
        $time = $start + $day * DAYSECS + mt_rand(8, 20) * HOURSECS + mt_rand(0, 3000);
        $act($learner->id, $time, 'core', 'viewed', 'course');
        for ($step = mt_rand(1, 2 + (int) (12 * $engaged)); $step > 0; $step--) {
            $act($learner->id, $time += mt_rand(20, 300), ...[
                ['mod_page', 'viewed', 'course_module'], ['mod_forum', 'viewed', 'discussion'], ['mod_quiz', 'viewed', 'course_module'],
                ['mod_assign', 'viewed', 'submission_status'],
            ][mt_rand(0, 3)]);
        }
    }
    foreach ($quizzes as $week => $made) {
        if ($week <= $weeks && !$new && 7 * $week < $falls + 5 && mt_rand(0, 100) < 30 + 70 * $engaged) {
            $finish = $start + $week * WEEKSECS - mt_rand(1, 60) * HOURSECS;
            $attempts[] = ['quiz' => $made->id, 'userid' => $learner->id, 'attempt' => 1, 'uniqueid' => 100000 + count($attempts), 'layout' => '',
                'currentpage' => 0, 'preview' => 0, 'state' => 'finished', 'timestart' => $finish - 900, 'timefinish' => $finish,
                'timemodified' => $finish, 'sumgrades' => mt_rand(0, 1) + (int) ($engaged > .4)];
        }
    }
    foreach ($assigns as $week => $made) {
        $due = $week === 9 ? time() : $start + $week * WEEKSECS;
        if (!$new && 7 * $week < $falls + 5 && mt_rand(0, 100) < 25 + 75 * $engaged) {
            $time = $due - mt_rand(1, 60) * HOURSECS;
            $DB->insert_record('assign_submission', ['assignment' => $made->id, 'userid' => $learner->id, 'timecreated' => $time,
                'timemodified' => $time, 'status' => 'submitted', 'groupid' => 0, 'attemptnumber' => 0, 'latest' => 1]);
            if ($week < 9) {
                $DB->insert_record('assign_grades', ['assignment' => $made->id, 'userid' => $learner->id, 'timecreated' => $time,
                    'timemodified' => $due + DAYSECS, 'grader' => $teacher->id, 'grade' => mt_rand(30, 60) + 40 * $engaged, 'attemptnumber' => 0]);
            }
        }
    }
}
usort($log, fn(array $a, array $b): int => $a['timecreated'] <=> $b['timecreated']);
$DB->insert_records('logstore_standard_log', $log);
$DB->insert_records('quiz_attempts', $attempts);
echo json_encode(['course' => (int) $course->id, 'quiz' => (int) $quizzes[$weeks + 2]->cmid, 'teacher' => (int) $teacher->id,
    'learners' => $ids, 'events' => count($log)]);
