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

use local_earlybell\local\actions;
use local_earlybell\local\notifier;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/service_testcase.php');

/**
 * Notifications of a rise, and reminders: each rule by which one goes or does not.
 *
 * @covers \local_earlybell\task\alert
 * @covers \local_earlybell\task\remind
 * @covers \local_earlybell\local\notifier
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class notifications_test extends service_testcase {
    /** @var int noon of today by the server's clock, which is everybody's */
    private int $noon;
    /** @var \phpunit_message_sink messages */
    private \phpunit_message_sink $sink;

    #[\Override]
    public function setUp(): void {
        parent::setUp();
        $this->preventResetByRollback();
        $this->noon = (new \DateTimeImmutable('today 12:00', \core_date::get_server_timezone_object()))->getTimestamp();
        $this->risks = [$this->learners[0]->id => .4, $this->learners[1]->id => .4, $this->learners[2]->id => .4];
        $this->predict_all($this->noon - HOURSECS);
        $this->sink = $this->redirectMessages();
    }

    /**
     * The risk of the first learner becomes another.
     *
     * @param float $risk
     * @param int $minutes after noon
     */
    private function becomes(float $risk, int $minutes = 0): void {
        $this->risks[$this->learners[0]->id] = $risk;
        $this->predict_all($this->noon + $minutes * MINSECS);
    }

    /**
     * How many are notified so many minutes after noon.
     *
     * @param int $minutes
     * @return int
     */
    private function notified(int $minutes): int {
        return task\alert::send($this->noon + $minutes * MINSECS);
    }

    public function test_a_rise_to_the_highest_band_is_told_of_once_without_a_name(): void {
        $this->assertSame(0, $this->notified(0));
        $this->becomes(.9);
        $this->assertSame(1, $this->notified(1));
        $this->assertSame(0, $this->notified(2));
        [$message] = $this->sink->get_messages();
        $this->assertSame($this->teacher->id, $message->useridto);
        $this->assertStringContainsString('has risen to high', $message->fullmessage);
        $this->assertStringContainsString("learner.php?id={$this->course->id}&user={$this->learners[0]->id}", $message->fullmessage);
        $this->assertStringNotContainsString('Ann', $message->fullmessage);
    }

    public function test_only_a_rise_to_the_highest_band_counts(): void {
        global $DB;
        $this->risks[$this->learners[1]->id] = .1;
        $this->becomes(.1);
        $this->becomes(.4, 1);
        $this->assertSame(0, $this->notified(2), 'from low to medium');
        $this->risks[$this->learners[1]->id] = 0;
        $this->predict_all($this->noon + 180);
        $this->risks[$this->learners[1]->id] = .9;
        $this->predict_all($this->noon + 240);
        $this->assertSame(0, $this->notified(5), 'from too little evidence');
        $this->version = 'v2';
        $this->becomes(.9, 6);
        $this->assertSame(0, $this->notified(7), 'by a new version of the model');
        $late = $this->getDataGenerator()->create_and_enrol($this->course, 'student');
        $this->learners[] = $late;
        $this->risks[$late->id] = .9;
        $this->predict_all($this->noon + 480);
        $this->assertSame(0, $this->notified(9), 'high from the first');
        $this->assertSame('high', $DB->get_field('local_earlybell_risk', 'band', ['userid' => $late->id]));
    }

    public function test_the_digest_counts_the_rises_that_are_told_of(): void {
        $this->risks[$this->learners[1]->id] = 0;
        $this->predict_all($this->noon - 30 * MINSECS);
        $this->risks[$this->learners[1]->id] = .9;
        $this->becomes(.9, -10);
        $this->assertSame(1, task\digest::send($this->noon));
        [$message] = $this->sink->get_messages();
        $course = ['course' => format_string($this->course->fullname), 'count' => 3, 'risen' => 1];
        $this->assertStringContainsString(get_string('digest_course', 'local_earlybell', $course), $message->fullmessage);
    }

    public function test_it_is_looked_at_again_when_it_is_sent(): void {
        global $DB;
        $this->becomes(.9);
        $this->becomes(.4, 1);
        $this->assertSame(0, $this->notified(2), 'the band fell again');
        $this->becomes(.9, 3);
        $enrolment = $DB->get_record('user_enrolments', ['userid' => $this->learners[0]->id]);
        $DB->set_field('user_enrolments', 'status', 1, ['id' => $enrolment->id]);
        $this->assertSame(0, $this->notified(4), 'the learner is not enrolled any longer');
        $DB->set_field('user_enrolments', 'status', 0, ['id' => $enrolment->id]);
        $DB->set_field('user_enrolments', 'status', 1, ['userid' => $this->teacher->id]);
        $this->assertSame(0, $this->notified(5), 'the teacher is not in the course any longer');
        $DB->set_field('user_enrolments', 'status', 0, ['userid' => $this->teacher->id]);
        $DB->insert_record('local_earlybell_optout', ['courseid' => $this->course->id, 'userid' => $this->learners[0]->id, 'timecreated' => 1]);
        $this->assertSame(0, $this->notified(6), 'the learner opted out');
        $DB->delete_records('local_earlybell_optout');
        $id = actions::add('snooze', $this->course->id, $this->learners[0]->id, $this->teacher->id, $this->noon, [
            'timedue' => $this->noon + DAYSECS,
        ]);
        $this->assertSame(0, $this->notified(7), 'somebody snoozed the learner');
        $DB->set_field('local_earlybell_action', 'timeundone', $this->noon, ['id' => $id]);
        $DB->set_field('course', 'enddate', $this->noon, ['id' => $this->course->id]);
        $this->assertSame(0, $this->notified(8), 'the course is over');
        $DB->set_field('course', 'enddate', $this->noon + WEEKSECS, ['id' => $this->course->id]);
        $this->assertSame(1, $this->notified(9), 'or else it goes');
    }

    public function test_up_and_down_is_told_of_once_a_week(): void {
        foreach ([.9, .4, .9, .4, .9] as $i => $risk) {
            $this->becomes($risk, 10 * $i);
            $this->assertSame($i === 0 ? 1 : 0, $this->notified(10 * $i + 1));
        }
        $this->becomes(.4, 8 * 1440);
        $this->becomes(.9, 8 * 1440 + 1);
        $this->assertSame(1, $this->notified(8 * 1440 + 2));
    }

    public function test_the_quiet_hours_are_those_of_who_gets_it(): void {
        global $DB;
        $DB->set_field('user', 'timezone', 'Pacific/Auckland', ['id' => $this->teacher->id]);
        set_config('timezone', 'UTC');
        $user = \core_user::get_user($this->teacher->id);
        // Noon of Greenwich is one o'clock at night there, in summer.
        $noon = gmmktime(12, 0, 0, 1, 15, 2026);
        $this->assertTrue(notifier::is_quiet($user, $noon));
        $this->assertFalse(notifier::is_quiet($user, $noon - 3 * HOURSECS - 5 * HOURSECS));
        $other = \core_user::get_user($this->learners[0]->id);
        $DB->set_field('user', 'timezone', 'UTC', ['id' => $other->id]);
        $other->timezone = 'UTC';
        foreach ([6 => true, 7 => false, 18 => false, 19 => true, 23 => true] as $hour => $quiet) {
            $this->assertSame($quiet, notifier::is_quiet($other, gmmktime($hour, 0, 0, 1, 15, 2026)), "$hour o'clock");
        }
        set_config('quietfrom', 1, 'local_earlybell');
        set_config('quietuntil', 5, 'local_earlybell');
        foreach ([0 => false, 1 => true, 4 => true, 5 => false, 20 => false] as $hour => $quiet) {
            $this->assertSame($quiet, notifier::is_quiet($other, gmmktime($hour, 0, 0, 1, 15, 2026)), "$hour o'clock");
        }
    }

    public function test_a_rise_at_night_is_told_of_in_the_morning_if_it_still_is_one(): void {
        $this->becomes(.9, 600);
        $this->assertSame(0, $this->notified(601), 'ten in the evening');
        $this->assertSame(1, $this->notified(20 * 60), 'eight in the morning');
    }

    public function test_a_tutor_hears_of_their_own_groups_alone(): void {
        global $DB;
        $DB->set_field('course', 'groupmode', SEPARATEGROUPS, ['id' => $this->course->id]);
        $generator = $this->getDataGenerator();
        foreach ([0, 1] as $i) {
            $tutor = $generator->create_and_enrol($this->course, 'teacher');
            $group = $generator->create_group(['courseid' => $this->course->id]);
            groups_add_member($group, $tutor->id);
            groups_add_member($group, $this->learners[$i]->id);
            $tutors[] = $tutor->id;
        }
        $this->becomes(.9);
        $this->assertSame(2, $this->notified(1));
        // Moodle itself welcomes whoever is enrolled.
        $ours = array_filter($this->sink->get_messages(), fn(\stdClass $message): bool => $message->component === 'local_earlybell');
        $this->assertEqualsCanonicalizing([$this->teacher->id, $tutors[0]], array_column($ours, 'useridto'));
    }

    public function test_the_task_sends_only_where_the_site_wants_it(): void {
        $this->becomes(.9, -30);
        (new task\alert())->execute();
        (new task\remind())->execute();
        $this->assertSame([], $this->sink->get_messages());
    }

    /**
     * A piece of work, due in so many hours after noon.
     *
     * @param int $hours
     * @return \stdClass
     */
    private function work(int $hours): \stdClass {
        return $this->getDataGenerator()->create_module('assign', [
            'course' => $this->course->id, 'duedate' => $this->noon + $hours * HOURSECS, 'name' => 'Essay on bells',
        ]);
    }

    /**
     * The first learner asks to be reminded.
     */
    private function ask(): void {
        set_user_preference(task\remind::PREFERENCE, 1, $this->learners[0]);
    }

    public function test_a_learner_who_wants_it_is_reminded_once_and_the_staff_see_it(): void {
        global $DB;
        $this->work(48);
        $this->assertSame(0, task\remind::send($this->noon), 'nobody asked for it');
        $this->ask();
        $this->assertSame(1, task\remind::send($this->noon));
        $this->assertSame(0, task\remind::send($this->noon + HOURSECS));
        [$message] = $this->sink->get_messages();
        $this->assertSame($this->learners[0]->id, $message->useridto);
        $this->assertMatchesRegularExpression('~Essay on bells in .* is due on \w+ .*, and you have not handed it in yet~', $message->fullmessage);
        $row = $DB->get_record('local_earlybell_action', ['kind' => 'reminder']);
        $this->assertEquals([$this->learners[0]->id, 0, $this->noon], [$row->userid, $row->actorid, $row->timesent]);
        $this->setUser($this->teacher);
        $did = output\doings::export([$row], new output\people([]), $this->noon, false);
        $this->assertStringContainsString('A reminder of work went to the learner', $did[0]['sentence']);
    }

    public function test_no_reminder_of_what_is_handed_in_or_far_off_or_over(): void {
        global $DB;
        $this->ask();
        $done = $this->work(48);
        $this->work(100);
        $this->work(-1);
        $DB->insert_record('assign_submission', ['assignment' => $done->id, 'userid' => $this->learners[0]->id, 'timecreated' => 1,
            'timemodified' => 2, 'status' => 'submitted', 'attemptnumber' => 0, 'latest' => 1]);
        $this->assertSame(0, task\remind::send($this->noon));
        $DB->delete_records('assign_submission');
        $this->assertSame(1, task\remind::send($this->noon));
    }

    public function test_no_reminder_in_quiet_hours_or_to_who_left_opted_out_or_is_held_out(): void {
        global $DB;
        $this->ask();
        $this->work(48);
        $id = $this->learners[0]->id;
        $this->assertSame(0, task\remind::send($this->noon + 10 * HOURSECS), 'ten in the evening');
        $DB->set_field('user_enrolments', 'status', 1, ['userid' => $id]);
        $this->assertSame(0, task\remind::send($this->noon), 'left');
        $DB->set_field('user_enrolments', 'status', 0, ['userid' => $id]);
        $DB->insert_record('local_earlybell_optout', ['courseid' => $this->course->id, 'userid' => $id, 'timecreated' => 1]);
        $this->assertSame(0, task\remind::send($this->noon), 'opted out');
        $DB->delete_records('local_earlybell_optout');
        set_config('trial', 1, 'local_earlybell');
        local\trial::start($this->course->id, $this->teacher->id, $this->noon);
        $DB->insert_record('local_earlybell_arm', ['courseid' => $this->course->id, 'userid' => $id, 'arm' => local\trial::HELD_OUT,
            'block' => 0, 'timedrawn' => 1, 'timerecorded' => 2]);
        $this->assertSame(0, task\remind::send($this->noon), 'held out');
        set_user_preference(task\remind::PREFERENCE, 0, $id);
        local\trial::end($this->course->id, $this->teacher->id, $this->noon);
        $this->assertSame(0, task\remind::send($this->noon), 'does not want it any longer');
        $this->ask();
        $this->assertSame(1, task\remind::send($this->noon));
    }
}
