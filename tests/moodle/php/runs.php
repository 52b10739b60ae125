<?php
// Fills a throw-away Moodle with runs of one course: runs.php CONFIG LEARNERS NOW [AGO]. AGO says how many weeks ago each began, as
// 70,34,6: without it, these three, of which two are over. Prints as JSON what was made, for the test to compare; two sites that
// are filled as of the same second have the same. Never for a site that matters.
// Of ten learners of a run one comes late, one leaves, one is suspended, one is enrolled twice. Enrolments, extensions, deadlines and marks are made by Moodle's own functions; the clock is set back afterwards.
define('CLI_SCRIPT', true);
[, $config, $count, $now] = $argv;
$agos = array_map('intval', explode(',', $argv[4] ?? '70,34,6'));
require($config);
require_once($CFG->libdir . '/testing/generator/lib.php');
require_once($CFG->libdir . '/gradelib.php');
require_once($CFG->dirroot . '/mod/assign/locallib.php');
require_once($CFG->dirroot . '/mod/quiz/locallib.php');

\core\session\manager::set_user(get_admin());
mt_srand(11);
set_config('timezone', 'Asia/Muscat');
set_config('calendar_weekend', 96);
$generator = new testing_data_generator();
$plugin = ['manual' => enrol_get_plugin('manual'), 'self' => enrol_get_plugin('self')];
$roles = $DB->get_records_menu('role', null, '', 'shortname, id');
$made = ['courses' => [], 'projects' => [], 'enrolments' => 0, 'withdrawn' => 0, 'suspended' => 0, 'late' => 0, 'twice' => 0, 'attempts' => 0, 'essays' => 0,
    'teams' => 0, 'teamwork' => 0, 'extensions' => 0, 'overrides' => 0, 'views' => 0];

/** What Moodle has just logged happened at another time, in a browser. */
$last = fn(string $table): int => (int) $DB->get_field_sql("SELECT MAX(id) FROM {{$table}}");
$stamped = $last('logstore_standard_log');
$stamp = function (int $time) use ($DB, $last, &$stamped): void {
    get_log_manager(true);
    $DB->execute("UPDATE {logstore_standard_log} SET timecreated = ?, origin = 'web' WHERE id > ?", [$time, $stamped]);
    $stamped = $last('logstore_standard_log');
};
$user = fn(string $name, string $first, string $last, array $more = []) => $generator->create_user($more + ['username' => $name,
    'password' => 'Earlybell.1', 'firstname' => $first, 'lastname' => $last, 'email' => "$name@example.invalid", 'lang' => 'en']);
$teacher = $user('waysteacher', 'Tara', 'Teach');
$names = ['Amal', 'Ben', 'Chloé', 'Dina', 'Émile', 'Farid', 'Grace', 'Hana', 'Ivo', 'Jamal', 'Kofi', 'Layla', 'Mina'];
$weeks = 12;
foreach ($agos as $run => $ago) {
    $start = (new DateTimeImmutable("@$now"))->setTimezone(new DateTimeZone('Asia/Muscat'))->modify("today -$ago weeks")->getTimestamp();
    $until = min($now - HOURSECS, $start + $weeks * WEEKSECS);
    $code = "WAYS1-$run";
    $course = $generator->create_course(['shortname' => $code, 'idnumber' => $code, 'fullname' => "Ways $run", 'startdate' => $start,
        'enddate' => $start + $weeks * WEEKSECS]);
    $quizzes = $assigns = [];
    foreach ([2, 5] as $week) {
        $quizzes[$week] = $generator->create_module('quiz', ['course' => $course->id, 'name' => "Quiz $week", 'grade' => 10, 'sumgrades' => 4,
            'timeclose' => $start + $week * WEEKSECS]);
        $DB->set_field('quiz', 'sumgrades', 4, ['id' => $quizzes[$week]->id]);
    }
    foreach ([3, 7] as $week) {
        $assigns[$week] = $generator->create_module('assign', ['course' => $course->id, 'name' => "Essay $week", 'grade' => 100,
            'duedate' => $start + $week * WEEKSECS, 'assignsubmission_onlinetext_enabled' => 1, 'submissiondrafts' => 0]);
    }
    $project = $generator->create_module('assign', ['course' => $course->id, 'name' => 'Project', 'grade' => 100, 'teamsubmission' => 1,
        'duedate' => $start + 4 * WEEKSECS, 'assignsubmission_onlinetext_enabled' => 1, 'submissiondrafts' => 0]);
    $page = $generator->create_module('page', ['course' => $course->id, 'name' => 'Reading']);
    $group = $generator->create_group(['courseid' => $course->id, 'name' => 'Seminar']);
    foreach (['manual', 'self'] as $method) {
        $instance[$method] = $DB->get_record('enrol', ['courseid' => $course->id, 'enrol' => $method], '*', MUST_EXIST);
        $plugin[$method]->update_status($instance[$method], ENROL_INSTANCE_ENABLED);
    }
    $plugin['manual']->enrol_user($instance['manual'], $teacher->id, $roles['editingteacher']);
    $assistant = $user("ways{$run}assistant", 'Asa', "Assist $run");
    $plugin['manual']->enrol_user($instance['manual'], $assistant->id, $roles['student']);
    $plugin['manual']->enrol_user($instance['manual'], $assistant->id, $roles['teacher']);
    $gone = $user("ways{$run}gone", 'Gus', "Gone $run");
    $plugin['manual']->enrol_user($instance['manual'], $gone->id, $roles['student']);
    delete_user($gone);
    $stamp($start - 20 * DAYSECS);
    $context = context_course::instance($course->id);
    $log = $leaving = [];
    $act = function (int $userid, int $time, string $component, string $action, string $target, ?stdClass $cm, array $more = [])
            use (&$log, $course, $context): void {
        $log[] = array_merge(['eventname' => "\\$component\\event\\{$target}_$action", 'component' => $component, 'action' => $action,
            'target' => $target, 'objecttable' => null, 'objectid' => null, 'crud' => 'r', 'edulevel' => 2,
            'contextid' => $cm ? context_module::instance($cm->cmid)->id : $context->id, 'contextlevel' => $cm ? 70 : 50,
            'contextinstanceid' => $cm->cmid ?? $course->id, 'userid' => $userid, 'relateduserid' => null, 'courseid' => $course->id,
            'anonymous' => 0, 'other' => 'null', 'timecreated' => $time, 'origin' => 'web', 'ip' => '127.0.0.1'], $more);
    };
    $grade = function (string $module, stdClass $activity, int $userid, float $raw, int $submitted, int $graded) use ($course, $DB): void {
        grade_update("mod/$module", $course->id, 'mod', $module, $activity->id, 0, ['userid' => $userid, 'rawgrade' => $raw,
            'datesubmitted' => $submitted, 'dategraded' => $graded]);
        $item = $DB->get_field('grade_items', 'id', ['itemmodule' => $module, 'iteminstance' => $activity->id, 'itemnumber' => 0]);
        $DB->set_field('grade_grades_history', 'timemodified', $graded, ['itemid' => $item, 'userid' => $userid]);
    };
    for ($i = 0; $i < $count; $i++) {
        // Two learners of each run come again in the next one.
        $number = $i < 2 && $run ? ($run - 1) * 1000 + $count - 1 - $i : $run * 1000 + $i;
        $learner = core_user::get_user_by_username("ways$number")
            ?: $user("ways$number", $names[$number % 13], "Learner $number", ['idnumber' => "W$number"]);
        $kind = $i % 10;
        $from = $start + ($kind === 3 ? 10 * DAYSECS : -(3 + $i % 5) * DAYSECS) + 60 * $i;
        foreach ($kind === 7 ? ['manual', 'self'] : ($kind === 8 ? ['self'] : ['manual']) as $method) {
            $plugin[$method]->enrol_user($instance[$method], $learner->id, $roles['student'], $method === 'self' ? $from : 0);
            $DB->execute('UPDATE {user_enrolments} SET timecreated = ?, timemodified = ? WHERE userid = ? AND enrolid = ?',
                [$from, $from, $learner->id, $instance[$method]->id]);
        }
        if ($i % 4 === 0) {
            groups_add_member($group, $learner);
            $DB->set_field('groups_members', 'timeadded', $from, ['userid' => $learner->id, 'groupid' => $group->id]);
        }
        $stamp($from);
        $end = min($until, $kind === 5 ? $start + 40 * DAYSECS : ($kind === 6 ? $start + 30 * DAYSECS : $until));
        $engaged = .2 + .8 * mt_rand() / mt_getrandmax();
        for ($day = max($from, $start); $day < $end - DAYSECS; $day += DAYSECS) {
            if (mt_rand() / mt_getrandmax() < $engaged * .6) {
                $time = $day - $day % DAYSECS + mt_rand(4, 16) * HOURSECS + mt_rand(0, 3000);
                $time = max($time, $from + 60);
                $act($learner->id, $time, 'core', 'viewed', 'course', null);
                $act($learner->id, $time + 40, 'mod_page', 'viewed', 'course_module', $page,
                    ['objecttable' => 'page', 'objectid' => $page->id]);
                $made['views'] += 2;
            }
        }
        foreach ($quizzes as $week => $quiz) {
            $finish = $start + $week * WEEKSECS - mt_rand(2, 90) * HOURSECS;
            if ($finish > $end || $finish < $from || mt_rand() / mt_getrandmax() > .3 + .7 * $engaged) {
                continue;
            }
            $tries = $i % 6 === 1 ? 2 : 1;
            for ($try = 1; $try <= $tries; $try++) {
                $right = mt_rand($engaged > .5 ? 2 : 0, 4);
                $done = $finish + ($try - 1) * 1800;
                $id = $DB->insert_record('quiz_attempts', ['quiz' => $quiz->id, 'userid' => $learner->id, 'attempt' => $try,
                    'uniqueid' => 500000 + 10000 * $run + $made['attempts'], 'layout' => '', 'currentpage' => 0, 'preview' => 0,
                    'state' => 'finished', 'timestart' => $done - 600, 'timefinish' => $done, 'timemodified' => $done, 'sumgrades' => $right]);
                $act($learner->id, $done, 'mod_quiz', 'submitted', 'attempt', $quiz, ['objecttable' => 'quiz_attempts', 'objectid' => $id,
                    'relateduserid' => $learner->id, 'crud' => 'u',
                    'other' => json_encode(['submitterid' => (int) $learner->id, 'quizid' => (int) $quiz->id])]);
                $made['attempts']++;
            }
            $best = (float) $DB->get_field_sql('SELECT MAX(sumgrades) FROM {quiz_attempts} WHERE quiz = ? AND userid = ?',
                [$quiz->id, $learner->id]);
            $grade('quiz', $quiz, $learner->id, $best / 4 * 10, $done, $done);
            $stamp($done);
        }
        foreach ($assigns as $week => $assign) {
            $extended = $i % 8 === 2;
            $time = $start + $week * WEEKSECS - mt_rand(2, 90) * HOURSECS + ($extended ? 4 * DAYSECS : 0);
            if ($extended && $start + ($week - 1) * WEEKSECS < $until) {
                [$course_, $cm] = get_course_and_cm_from_cmid($assign->cmid, 'assign');
                (new assign(context_module::instance($assign->cmid), $cm, $course_))
                    ->save_user_extension($learner->id, $start + $week * WEEKSECS + 5 * DAYSECS);
                $stamp($start + ($week - 1) * WEEKSECS + 7200);
                $made['extensions']++;
            }
            if ($time > $end || $time < $from || mt_rand() / mt_getrandmax() > .3 + .7 * $engaged) {
                continue;
            }
            $id = $DB->insert_record('assign_submission', ['assignment' => $assign->id, 'userid' => $learner->id, 'timecreated' => $time - 600,
                'timemodified' => $time, 'status' => 'submitted', 'groupid' => 0, 'attemptnumber' => 0, 'latest' => 1]);
            $act($learner->id, $time, 'mod_assign', 'submitted', 'assessable', $assign, ['objecttable' => 'assign_submission', 'objectid' => $id,
                'crud' => 'u', 'other' => json_encode(['submission_editable' => true])]);
            $made['essays']++;
            $graded = $time + 6 * DAYSECS;
            if ($graded < $until && $i % 9 !== 4) {
                $mark = round(30 + 60 * $engaged + mt_rand(-8, 8), 2);
                $DB->insert_record('assign_grades', ['assignment' => $assign->id, 'userid' => $learner->id, 'timecreated' => $graded,
                    'timemodified' => $graded, 'grader' => $teacher->id, 'grade' => $mark, 'attemptnumber' => 0]);
                $grade('assign', $assign, $learner->id, $mark, $time, $graded);
                $stamp($graded);
            }
        }
        $made['enrolments']++;
        $made['late'] += (int) ($kind === 3);
        $made['twice'] += (int) ($kind === 7);
        if ($kind === 5 && $end < $until) {
            $leaving[] = [$learner->id, $end];
        } else if ($kind === 6 && $end < $until) {
            $plugin['manual']->update_user_enrol($instance['manual'], $learner->id, ENROL_USER_SUSPENDED);
            $DB->set_field('user_enrolments', 'timemodified', $end, ['userid' => $learner->id, 'enrolid' => $instance['manual']->id]);
            $stamp($end);
            $made['suspended']++;
        } else if ($kind === 1) {
            $override = (object) ['quiz' => $quizzes[2]->id, 'userid' => $learner->id, 'timeclose' => $quizzes[2]->timeclose + 2 * DAYSECS];
            \mod_quiz\quiz_settings::create($quizzes[2]->id)->get_override_manager()->save_override((array) $override);
            $stamp($start + 5 * DAYSECS);
            $made['overrides']++;
        }
    }
    $override = ['quiz' => $quizzes[5]->id, 'groupid' => $group->id, 'timeclose' => $quizzes[5]->timeclose + DAYSECS];
    \mod_quiz\quiz_settings::create($quizzes[5]->id)->get_override_manager()->save_override($override);
    $stamp($start + 6 * DAYSECS);
    // One of the seminar hands in for all, and each has the mark.
    $members = $DB->get_fieldset_select('groups_members', 'userid', 'groupid = ?', [$group->id]);
    $made['overrides'] += count($members);
    $time = $start + 4 * WEEKSECS - DAYSECS;
    $made['projects'][] = "assign-$project->cmid";
    $row = ['assignment' => $project->id, 'userid' => 0, 'timecreated' => $time - 600, 'timemodified' => $time, 'status' => 'submitted',
        'groupid' => $group->id, 'attemptnumber' => 0, 'latest' => 1];
    $id = $DB->insert_record('assign_submission', $row);
    $DB->insert_record('assign_submission', ['userid' => min($members), 'groupid' => 0] + $row);
    $act(min($members), $time, 'mod_assign', 'submitted', 'assessable', $project, ['objecttable' => 'assign_submission',
        'objectid' => $id, 'crud' => 'u', 'other' => json_encode(['submission_editable' => true])]);
    $made['teams']++;
    foreach ($members as $userid) {
        $graded = $time + 5 * DAYSECS;
        $DB->insert_record('assign_grades', ['assignment' => $project->id, 'userid' => $userid, 'timecreated' => $graded,
            'timemodified' => $graded, 'grader' => $teacher->id, 'grade' => 70, 'attemptnumber' => 0]);
        $grade('assign', $project, $userid, 70, $time, $graded);
        $made['teamwork']++;
    }
    $stamp($time + 5 * DAYSECS);
    usort($log, fn(array $a, array $b): int => $a['timecreated'] <=> $b['timecreated']);
    $DB->insert_records('logstore_standard_log', $log);
    $stamped = $last('logstore_standard_log');
    foreach ($leaving as [$userid, $time]) {
        $before = $last('grade_grades_history');
        $plugin['manual']->unenrol_user($instance['manual'], $userid);
        $DB->execute('UPDATE {grade_grades_history} SET timemodified = ? WHERE id > ?', [$time, $before]);
        $stamp($time);
        $made['withdrawn']++;
    }
    grade_force_full_regrading($course->id);
    grade_regrade_final_grades($course->id);
    $stamp($now);
    $made['courses'][] = ['id' => (int) $course->id, 'shortname' => $code, 'starts_at' => $start, 'ends_at' => $start + $weeks * WEEKSECS];
}
purge_all_caches();
echo json_encode($made);
