<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

namespace local_earlybell;

use local_earlybell\local\course_reader;
use local_earlybell\local\pseudonym;
use local_earlybell\local\scope;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/service_testcase.php');

/**
 * The canonical tables of a course, against what was put into it.
 *
 * @covers \local_earlybell\local\course_reader
 * @covers \local_earlybell\local\scope
 * @covers \local_earlybell\local\payload
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class course_reader_test extends service_testcase {
    /**
     * What would be sent.
     *
     * @return array the instance
     */
    private function instance(): array {
        $now = time() + 10;
        $reader = new course_reader($this->course, $now);
        $learners = scope::learners($this->course->id, $now);
        $body = json_decode($reader->payload(new pseudonym(self::KEY), $learners, null)->body(), true);
        return $body['instances'][0];
    }

    /**
     * Rows of a table by its columns.
     *
     * @param array $table
     * @return array
     */
    private static function rows(array $table): array {
        $rows = [];
        foreach ($table as $column => $values) {
            foreach ($values as $i => $value) {
                $rows[$i][$column] = $value;
            }
        }
        return $rows;
    }

    /**
     * The pseudonym of a learner.
     *
     * @param int $i
     * @return string
     */
    private function pseudonym(int $i): string {
        return (new pseudonym(self::KEY))->of($this->learners[$i]->id);
    }

    public function test_learners_are_those_of_the_gradebook(): void {
        global $DB;
        $now = time() + 10;
        $generator = $this->getDataGenerator();
        $both = $generator->create_and_enrol($this->course, 'student');
        role_assign($DB->get_field('role', 'id', ['shortname' => 'teacher']), $both->id, \context_course::instance($this->course->id));
        $generator->create_and_enrol($this->course, 'guest');
        $suspended = $generator->create_user(['suspended' => 1]);
        $generator->enrol_user($suspended->id, $this->course->id, 'student');
        $stopped = $generator->create_user();
        $generator->enrol_user($stopped->id, $this->course->id, 'student', 'manual', 0, 0, ENROL_USER_SUSPENDED);
        $over = $generator->create_user();
        $generator->enrol_user($over->id, $this->course->id, 'student', 'manual', 0, $now - 100);
        $later = $generator->create_user();
        $generator->enrol_user($later->id, $this->course->id, 'student', 'manual', $now + 100);
        $ids = array_column($this->learners, 'id');
        $this->assertEqualsCanonicalizing($ids, array_keys(scope::learners($this->course->id, $now)));
        local\actions::opt($this->course->id, $ids[0], true, $now);
        $this->assertEqualsCanonicalizing(array_slice($ids, 1), array_keys(scope::learners($this->course->id, $now)));
    }

    public function test_two_enrolments_are_one_from_the_earlier(): void {
        $generator = $this->getDataGenerator();
        $user = $generator->create_user();
        $generator->enrol_user($user->id, $this->course->id, 'student', 'manual', 1700000500);
        $selfid = enrol_get_plugin('self')->add_default_instance($this->course);
        global $DB;
        $instance = $DB->get_record('enrol', ['id' => $selfid ?: $DB->get_field('enrol', 'id', ['courseid' => $this->course->id, 'enrol' => 'self'])]);
        $DB->set_field('enrol', 'status', 0, ['id' => $instance->id]);
        enrol_get_plugin('self')->enrol_user($instance, $user->id, null, 1700000100);
        $this->assertSame([(int) $user->id => 1700000100], scope::learners($this->course->id, time(), [$user->id]));
    }

    public function test_courses_in_scope(): void {
        global $DB;
        $now = time();
        $generator = $this->getDataGenerator();
        $category = $generator->create_category();
        $below = $generator->create_category(['parent' => $category->id]);
        $inside = $generator->create_course(['category' => $below->id, 'startdate' => $now - 10]);
        $generator->create_course(['category' => $below->id, 'startdate' => $now + 1000]);
        $generator->create_course(['category' => $below->id, 'startdate' => $now - 1000, 'enddate' => $now - 10]);
        $this->assertEqualsCanonicalizing([$this->course->id, $inside->id], array_keys(scope::courses($now)));
        set_config('categories', $category->id, 'local_earlybell');
        $this->assertEqualsCanonicalizing([$inside->id], array_keys(scope::courses($now)));
        $DB->set_field('course', 'relativedatesmode', 1, ['id' => $inside->id]);
        $this->assertSame([], scope::courses($now));
    }

    public function test_the_course_run_and_earlier_attempts(): void {
        $generator = $this->getDataGenerator();
        $earlier = $generator->create_course(['shortname' => 'MATH1-2025', 'startdate' => time() - YEARSECS, 'enddate' => time() - 200 * DAYSECS]);
        $other = $generator->create_course(['shortname' => 'MATH2-2025', 'startdate' => time() - YEARSECS]);
        $generator->enrol_user($this->learners[0]->id, $earlier->id, 'student');
        $generator->enrol_user($this->learners[1]->id, $other->id, 'student');
        set_config('breaks', "2026-12-20 2027-01-06\nnonsense", 'local_earlybell');
        $this->course->startdate = strtotime('2026-11-01');
        $this->course->enddate = strtotime('2027-02-01');
        $instance = $this->instance();
        $this->assertSame([(string) $this->course->id], $instance['courses']['course_id']);
        $this->assertSame(['MATH1'], $instance['courses']['code']);
        $this->assertSame(['sun,sat'], $instance['courses']['weekend']);
        $this->assertSame([null], $instance['courses']['complete_from']);
        $prior = array_column(self::rows($instance['enrolments']), 'prior_attempts', 'learner_id');
        $this->assertSame([1, 0, 0], [$prior[$this->pseudonym(0)], $prior[$this->pseudonym(1)], $prior[$this->pseudonym(2)]]);
        $this->assertSame([strtotime('2026-12-20 00:00 ' . \core_date::get_server_timezone())], $instance['breaks']['starts_at']);
        $this->assertSame([strtotime('2027-01-06 23:59:59 ' . \core_date::get_server_timezone())], $instance['breaks']['ends_at']);
    }

    public function test_assignments_extensions_teams_and_hidden_marks(): void {
        global $DB;
        $due = time() + DAYSECS;
        $generator = $this->getDataGenerator();
        $assign = $generator->create_module('assign', ['course' => $this->course->id, 'duedate' => $due, 'grade' => 50, 'name' => 'Essay']);
        $workflow = $generator->create_module('assign', ['course' => $this->course->id, 'duedate' => 0, 'cutoffdate' => $due + 5,
            'markingworkflow' => 1]);
        $team = $generator->create_module('assign', ['course' => $this->course->id, 'teamsubmission' => 1]);
        $generator->create_module('assign', ['course' => $this->course->id, 'visible' => 0]);
        $group = $generator->create_group(['courseid' => $this->course->id]);
        groups_add_member($group, $this->learners[1]->id);
        groups_add_member($group, $this->learners[2]->id);
        $submit = function (\stdClass $assign, array $row) use ($DB): void {
            $DB->insert_record('assign_submission', $row + ['assignment' => $assign->id, 'userid' => 0, 'groupid' => 0, 'timecreated' => 1,
                'timemodified' => 1700000000, 'status' => 'submitted', 'attemptnumber' => 0, 'latest' => 1]);
        };
        $submit($assign, ['userid' => $this->learners[0]->id]);
        $submit($assign, ['userid' => $this->learners[1]->id, 'status' => 'draft']);
        $submit($assign, ['userid' => $this->learners[2]->id]);
        $submit($workflow, ['userid' => $this->learners[0]->id]);
        $submit($team, ['groupid' => $group->id]);
        $grade = fn(\stdClass $assign, int $userid, float $grade) => $DB->insert_record('assign_grades', [
            'assignment' => $assign->id, 'userid' => $userid, 'timecreated' => 1, 'timemodified' => 1700000900, 'grader' => 2,
            'grade' => $grade, 'attemptnumber' => 0,
        ]);
        $grade($assign, $this->learners[0]->id, 40);
        $grade($assign, $this->learners[2]->id, -1);
        $grade($workflow, $this->learners[0]->id, 80);
        $flags = ['locked' => 0, 'mailed' => 0, 'allocatedmarker' => 0];
        $DB->insert_record('assign_user_flags', $flags + ['userid' => $this->learners[0]->id, 'assignment' => $workflow->id,
            'extensionduedate' => 0, 'workflowstate' => 'readyforreview']);
        $DB->insert_record('assign_user_flags', $flags + ['userid' => $this->learners[1]->id, 'assignment' => $assign->id,
            'extensionduedate' => $due + 100, 'workflowstate' => '']);
        $DB->insert_record('assign_overrides', ['assignid' => $assign->id, 'groupid' => $group->id, 'sortorder' => 1, 'duedate' => $due + 50]);

        $instance = $this->instance();
        $work = array_column(self::rows($instance['assessments']), null, 'assessment_id');
        $this->assertCount(3, $work, 'what learners cannot see is no work');
        $this->assertEquals([$due, 50], [$work["assign-$assign->id"]['due_at'], $work["assign-$assign->id"]['max_score']]);
        $this->assertSame($due + 5, $work["assign-$workflow->id"]['due_at'], 'the last moment where there is no due date');
        $this->assertNull($work["assign-$team->id"]['due_at']);
        $scores = [];
        foreach (self::rows($instance['submissions']) as $row) {
            $scores[$row['assessment_id']][$row['learner_id']] = [$row['submitted_at'], $row['score'], $row['graded_at'], $row['attempt']];
        }
        $this->assertEquals([
            $this->pseudonym(0) => [1700000000, 40, 1700000900, 1],
            $this->pseudonym(2) => [1700000000, null, null, 1],
        ], $scores["assign-$assign->id"]);
        $this->assertSame([$this->pseudonym(0) => [1700000000, null, null, 1]], $scores["assign-$workflow->id"], 'not released');
        $this->assertEqualsCanonicalizing([$this->pseudonym(1), $this->pseudonym(2)], array_keys($scores["assign-$team->id"]));
        $later = array_column(self::rows($instance['extensions']), 'due_at', 'learner_id');
        $this->assertEquals([$this->pseudonym(1) => $due + 100, $this->pseudonym(2) => $due + 50], $later);
    }

    public function test_quiz_attempts_and_overrides(): void {
        global $DB;
        $close = time() + DAYSECS;
        $quiz = $this->getDataGenerator()->create_module('quiz', ['course' => $this->course->id, 'timeclose' => $close, 'grade' => 20,
            'sumgrades' => 4]);
        $attempt = ['quiz' => $quiz->id, 'timestart' => 1700000000, 'timefinish' => 1700000600, 'layout' => '', 'uniqueid' => 0,
            'preview' => 0, 'state' => 'finished', 'attempt' => 1, 'sumgrades' => 3];
        foreach ([
            ['userid' => $this->learners[0]->id],
            ['userid' => $this->learners[0]->id, 'attempt' => 2, 'sumgrades' => null],
            ['userid' => $this->learners[1]->id, 'state' => 'inprogress', 'timefinish' => 0],
            ['userid' => $this->learners[2]->id, 'preview' => 1],
        ] as $i => $row) {
            $DB->insert_record('quiz_attempts', $row + ['uniqueid' => $i + 1] + $attempt);
        }
        $DB->insert_record('quiz_overrides', ['quiz' => $quiz->id, 'userid' => $this->learners[1]->id, 'timeclose' => $close + 60]);
        $instance = $this->instance();
        $rows = array_map(fn(array $row): array => array_values(array_diff_key($row, ['assessment_id' => 0])), self::rows($instance['submissions']));
        $this->assertEquals([
            [$this->pseudonym(0), 1700000600, 1700000600, 1, 15, 600],
            [$this->pseudonym(0), 1700000600, null, 2, null, 600],
        ], $rows);
        $this->assertSame([$close + 60], $instance['extensions']['due_at']);
    }

    public function test_acts_of_learners_alone_once_each(): void {
        global $DB;
        $row = ['eventname' => '\e', 'component' => 'mod_page', 'action' => 'viewed', 'target' => 'course_module', 'objecttable' => '',
            'objectid' => 7, 'crud' => 'r', 'edulevel' => 2, 'contextid' => 1, 'contextlevel' => 70, 'contextinstanceid' => 1,
            'userid' => $this->learners[0]->id, 'courseid' => $this->course->id, 'anonymous' => 0, 'timecreated' => 1700000000,
            'origin' => 'web'];
        foreach ([
            [],
            [],
            ['timecreated' => 1700000001],
            ['anonymous' => 1, 'timecreated' => 1700000002],
            ['realuserid' => 2, 'timecreated' => 1700000003],
            ['origin' => 'restore', 'timecreated' => 1700000004],
            ['userid' => $this->teacher->id, 'timecreated' => 1700000005],
            ['component' => 'local_earlybell', 'timecreated' => 1700000006],
            ['courseid' => SITEID, 'timecreated' => 1700000007],
        ] as $more) {
            $DB->insert_record('logstore_standard_log', $more + $row);
        }
        $events = $this->instance()['events'];
        $this->assertSame([1700000000, 1700000001], $events['occurred_at']);
        $this->assertSame([1, 1], $events['count']);
        $this->assertSame(['mod_page', 'viewed', 'course_module', 7], [$events['component'][0], $events['action'][0], $events['target'][0],
            $events['object_id'][0]]);
    }

    public function test_weights_go_down_the_tree_of_categories(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $assign = $generator->create_module('assign', ['course' => $this->course->id]);
        $category = $generator->create_grade_category(['courseid' => $this->course->id]);
        $item = \grade_item::fetch(['itemtype' => 'mod', 'itemmodule' => 'assign', 'iteminstance' => $assign->id, 'courseid' => $this->course->id]);
        $item->set_parent($category->id);
        $of = fn(int $itemid, float $weight) => $DB->insert_record('grade_grades', ['itemid' => $itemid, 'userid' => $this->learners[0]->id,
            'aggregationstatus' => 'used', 'aggregationweight' => $weight]);
        $of($item->id, .5);
        $of($DB->get_field('grade_items', 'id', ['itemtype' => 'category', 'iteminstance' => $category->id]), .4);
        $this->assertEquals([.2], $this->instance()['assessments']['weight']);
    }
}
