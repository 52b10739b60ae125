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
use local_earlybell\local\looks;
use local_earlybell\local\recipients;
use local_earlybell\local\worklist;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/service_testcase.php');

/**
 * What the pages say, and what is done on them.
 *
 * @covers \local_earlybell\local\worklist
 * @covers \local_earlybell\local\actions
 * @covers \local_earlybell\local\access
 * @covers \local_earlybell\local\words
 * @covers \local_earlybell\local\looks
 * @covers \local_earlybell\local\recipients
 * @covers \local_earlybell\output\today
 * @covers \local_earlybell\output\learner
 * @covers \local_earlybell\output\mine
 * @covers \local_earlybell\output\trust
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class pages_test extends service_testcase {
    #[\Override]
    public function setUp(): void {
        parent::setUp();
        $this->risks = [$this->learners[0]->id => .9, $this->learners[1]->id => .7, $this->learners[2]->id => .4];
        $this->predict_all();
        $this->setUser($this->teacher);
    }

    /**
     * Whom the worklist has, in order.
     *
     * @param int[]|null $userids
     * @param int|null $now
     * @return int[] indexes of learners
     */
    private function chosen(?array $userids = null, ?int $now = null): array {
        $worklist = new worklist($this->course, $userids, $now ?? time());
        $index = array_flip(array_column($this->learners, 'id'));
        return array_map(fn(int $userid): int => $index[$userid], array_keys($worklist->chosen));
    }

    /**
     * A page as text.
     *
     * @param \templatable $page
     * @param string $template
     * @return string
     */
    private function text(\templatable $page, string $template): string {
        global $PAGE;
        $PAGE->set_url('/');
        $output = $PAGE->get_renderer('core');
        $html = $output->render_from_template("local_earlybell/$template", $page->export_for_template($output));
        return preg_replace('~\s+~', ' ', html_entity_decode(strip_tags($html)));
    }

    /**
     * The page of today.
     *
     * @return string
     */
    private function today(): string {
        return $this->text(new output\today($this->course, \context_course::instance($this->course->id), time()), 'today');
    }

    public function test_the_worklist_is_by_risk_within_the_capacity(): void {
        $this->assertSame([0, 1, 2], $this->chosen());
        set_config('capacity', 2, 'local_earlybell');
        $this->assertSame([0, 1], $this->chosen());
        set_config('capacity', '0.34', 'local_earlybell');
        $this->assertSame([0], $this->chosen());
    }

    public function test_work_that_is_due_soon_and_not_handed_in_comes_first(): void {
        global $DB;
        $assign = $this->getDataGenerator()->create_module('assign', ['course' => $this->course->id, 'duedate' => time() + 3 * DAYSECS,
            'name' => 'Essay on bells']);
        foreach ([0, 2] as $i) {
            $DB->insert_record('assign_submission', ['assignment' => $assign->id, 'userid' => $this->learners[$i]->id, 'timecreated' => 1,
                'timemodified' => 2, 'status' => 'submitted', 'attemptnumber' => 0, 'latest' => 1]);
        }
        $this->assertSame([1, 0, 2], $this->chosen());
        $text = $this->today();
        $this->assertSame(1, substr_count($text, 'Due soon, not handed in'));
        $this->assertStringContainsString('Remind of Essay on bells', $text);
    }

    public function test_a_low_risk_and_too_little_evidence_are_not_ranked(): void {
        $this->risks = [$this->learners[0]->id => .1, $this->learners[1]->id => 0];
        $this->predict_all(time() + 5);
        $this->assertSame([2], $this->chosen());
        $text = $this->today();
        $this->assertStringContainsString('One learner with not enough evidence yet', $text);
        $this->assertStringContainsString('has been taught for 0 of the 7 days', $text);
        $now = time();
        $this->assertStringContainsString('6 of the 7', local\words::missing($now - 30 * DAYSECS, $now - 7 * DAYSECS + 60, $now));
        $this->assertStringContainsString('differ too much', local\words::missing($now - 7 * DAYSECS, $now - 30 * DAYSECS, $now));
    }

    public function test_a_card_says_all_in_words(): void {
        $text = $this->today();
        foreach (['3 of 3 learners', 'High risk', 'Medium risk', 'About 9 in 10', 'sure', 'Missed 2', 'First week', 'Write to the learner'] as $words) {
            $this->assertStringContainsString($words, $text);
        }
    }

    public function test_snooze_holds_until_its_time(): void {
        $until = time() + DAYSECS;
        actions::add('snooze', $this->course->id, $this->learners[0]->id, $this->teacher->id, time(), ['timedue' => $until]);
        $this->assertSame([1, 2], $this->chosen());
        $this->assertSame([0, 1, 2], $this->chosen(null, $until + 1));
    }

    public function test_a_dismissal_holds_until_the_band_rises_or_it_is_old(): void {
        actions::add('dismiss', $this->course->id, $this->learners[2]->id, $this->teacher->id, time(), ['reason' => 'incontact']);
        $this->assertSame([0, 1], $this->chosen());
        $this->assertStringContainsString('dismissed: we are in contact already', $this->today());
        $this->assertSame([0, 1, 2], $this->chosen(null, time() + 29 * DAYSECS));
        $this->risks[$this->learners[2]->id] = .8;
        $this->predict_all(time() + 5);
        $this->assertSame([0, 2, 1], $this->chosen());
    }

    public function test_that_it_is_wrong_puts_aside_and_can_be_taken_back(): void {
        $id = actions::add('wrong', $this->course->id, $this->learners[0]->id, $this->teacher->id, time(), ['text' => 'She is ill']);
        $this->assertSame([1, 2], $this->chosen());
        $this->assertFalse(actions::undo($id, $this->learners[1]->id, time()), 'nobody else takes it back');
        $this->assertTrue(actions::undo($id, $this->teacher->id, time()));
        $this->assertFalse(actions::undo($id, $this->teacher->id, time()));
        $this->assertSame([0, 1, 2], $this->chosen());
    }

    public function test_a_message_goes_once_after_a_minute(): void {
        $this->preventResetByRollback();
        $sink = $this->redirectMessages();
        $now = time();
        actions::add('message', $this->course->id, $this->learners[0]->id, $this->teacher->id, $now, ['text' => 'How are you?']);
        $this->assertSame(0, actions::send_due($now + 59));
        $this->assertSame(1, actions::send_due($now + 61));
        $this->assertSame(0, actions::send_due($now + 62));
        $messages = $sink->get_messages();
        $this->assertCount(1, $messages);
        $this->assertSame([$this->teacher->id, $this->learners[0]->id], [$messages[0]->useridfrom, $messages[0]->useridto]);
        $this->assertStringContainsString('How are you?', $messages[0]->fullmessage);
    }

    public function test_a_message_that_was_taken_back_does_not_go(): void {
        global $DB;
        $now = time();
        $id = actions::add('message', $this->course->id, $this->learners[0]->id, $this->teacher->id, $now, ['text' => 'x']);
        $this->assertTrue(actions::undo($id, $this->teacher->id, $now + 30));
        $this->assertSame(0, actions::send_due($now + 100));
        $this->assertTrue($DB->record_exists('local_earlybell_action', ['kind' => 'undo', 'undoes' => $id]));
        $sink = $this->redirectMessages();
        $sent = actions::add('message', $this->course->id, $this->learners[0]->id, $this->teacher->id, $now, ['text' => 'x']);
        actions::send_due($now + 100);
        $this->assertFalse(actions::undo($sent, $this->teacher->id, $now + 101));
        $sink->close();
    }

    public function test_who_was_written_to_this_week_is_not_to_be_written_to_again(): void {
        actions::add('message', $this->course->id, $this->learners[0]->id, $this->teacher->id, time(), ['text' => 'x']);
        $text = $this->today();
        $this->assertStringContainsString('wrote a message, just now', $text);
        $this->assertStringContainsString('Note what came of your message', $text);
    }

    public function test_templates_are_filled(): void {
        $work = (object) ['name' => 'Essay', 'due' => 1700000000];
        $text = local\proposal::fill('{firstname}|{teacher}|{course}|{work}|{other}', $this->learners[0], $this->teacher, $this->course, $work);
        $this->assertSame('Ann|' . fullname($this->teacher) . "|{$this->course->fullname}|Essay|{other}", $text);
    }

    public function test_separate_groups_are_honoured(): void {
        global $DB;
        $DB->set_field('course', 'groupmode', SEPARATEGROUPS, ['id' => $this->course->id]);
        $course = get_course($this->course->id);
        $context = \context_course::instance($course->id);
        $tutor = $this->getDataGenerator()->create_and_enrol($course, 'teacher');
        $this->setUser($tutor);
        $this->assertSame([], local\access::userids($course, $context));
        $group = $this->getDataGenerator()->create_group(['courseid' => $course->id]);
        groups_add_member($group, $tutor->id);
        groups_add_member($group, $this->learners[1]->id);
        $this->assertEqualsCanonicalizing([$tutor->id, $this->learners[1]->id], local\access::userids($course, $context));
        $this->assertSame([1], $this->chosen(local\access::userids($course, $context)));
        local\access::require_learner($course, $context, $this->learners[1]->id);
        $this->setUser($this->teacher);
        $this->assertNull(local\access::userids($course, $context), 'who has access to all groups sees all');
        $this->setUser($tutor);
        $this->expectExceptionMessage('none of your groups');
        local\access::require_learner($course, $context, $this->learners[0]->id);
    }

    public function test_the_page_says_when_the_service_is_away_and_when_risks_are_old(): void {
        global $DB;
        $this->assertStringNotContainsString('does not answer', $this->today());
        local\circuit::failed(new local\service_exception(local\failure::refused), time() - 7200);
        $this->assertStringContainsString('The service does not answer (first seen 2 hours ago)', $this->today());
        $DB->set_field('local_earlybell_course', 'timeanswered', time() - 3 * DAYSECS, []);
        $this->assertStringContainsString('the last answer came 3 days ago', $this->today());
    }

    public function test_the_words_of_a_correction_stand_only_where_it_was_used(): void {
        $correction = ['bundle' => str_repeat('a', 64), 'shift' => .3, 'words' => 'This course looks harder.', 'time' => 1];
        local\risks::store_course($this->course->id, ['correction' => json_encode($correction)]);
        $this->assertStringNotContainsString('looks harder', $this->today());
        $this->predict_all(time() + 5);
        $this->assertStringContainsString('looks harder', $this->today());
    }

    public function test_one_learner_and_how_far_to_trust(): void {
        $context = \context_course::instance($this->course->id);
        actions::add('note', $this->course->id, $this->learners[0]->id, $this->teacher->id, time(), ['text' => 'Works at night <b>']);
        $text = $this->text(new output\learner($this->course, $context, $this->learners[0]->id, time()), 'learner');
        foreach (['Ann SurnameAnn', 'Risk 90%, likely between 85% and 100%', 'hand in more', 'missed 2', 'Works at night <b>'] as $words) {
            $this->assertStringContainsString($words, $text);
        }
        $text = $this->text(new output\trust($this->course, $context, time()), 'trust');
        // Risks .9, .7 and .4: two are high, with .1 + .3 to pass anyway; 2 of 3 are to be expected.
        $this->assertStringContainsString('Of 3 learners about 2 are to be expected to fail or leave (67%)', $text);
        $this->assertStringContainsString('2 learners have a high risk. About 0 of these', $text);
    }

    public function test_a_learner_sees_words_and_no_number_unless_the_site_wants_it(): void {
        $this->setUser($this->learners[0]);
        $page = fn(): string => $this->text(new output\mine($this->course, $this->learners[0]->id, time()), 'mine');
        $text = $page();
        $this->assertStringContainsString('There is time to change that', $text);
        $this->assertStringContainsString('Hand in what is open', $text);
        $this->assertDoesNotMatchRegularExpression('~\d+%|of 3 learners~', $text);
        set_config('showpercent', 1, 'local_earlybell');
        $this->assertStringContainsString('90%', $page());
    }

    public function test_whoever_opts_out_is_forgotten_at_once_and_can_come_back(): void {
        global $DB;
        $id = $this->learners[0]->id;
        actions::opt($this->course->id, $id, true, time());
        $this->assertFalse($DB->record_exists('local_earlybell_risk', ['userid' => $id]));
        $this->assertFalse($DB->record_exists('local_earlybell_history', ['userid' => $id]));
        $this->requests = [];
        $this->predict_all(time() + 5);
        $this->assertCount(2, $this->requests[0]['body']['instances'][0]['enrolments']['learner_id']);
        actions::opt($this->course->id, $id, false, time());
        $this->drainer(33554432, time() + 10)->run();
        $this->assertNotFalse($this->risk(0));
        $kinds = $DB->get_fieldset_select('local_earlybell_action', 'kind', "userid = ? ORDER BY id", [$id]);
        $this->assertSame(['optout', 'optin'], $kinds);
    }

    public function test_the_number_of_queries_does_not_grow_with_the_learners(): void {
        global $DB;
        $count = function () use ($DB): int {
            $before = $DB->perf_get_reads();
            $this->today();
            return $DB->perf_get_reads() - $before;
        };
        $this->today();
        $few = $count();
        for ($i = 0; $i < 40; $i++) {
            $this->learners[] = $this->getDataGenerator()->create_and_enrol($this->course, 'student');
        }
        $this->predict_all(time() + 5);
        $this->today();
        $this->assertLessThanOrEqual($few + 1, $count());
    }

    public function test_a_learner_sees_who_of_the_staff_looked_and_when(): void {
        $context = \context_course::instance($this->course->id);
        $now = (new \DateTimeImmutable('today 12:00', \core_date::get_user_timezone_object()))->getTimestamp();
        $sink = $this->redirectEvents();
        looks::add($context, $now - 2 * DAYSECS, $this->learners[0]->id);
        looks::add($context, $now - 60, $this->learners[0]->id);
        looks::add($context, $now, $this->learners[0]->id);
        looks::add($context, $now);
        $this->assertSame(
            [event\learner_viewed::class, event\learner_viewed::class, event\learner_viewed::class, event\list_viewed::class],
            array_map('get_class', $sink->get_events())
        );
        $page = fn(int $i, int $at): string => $this->text(new output\mine($this->course, $this->learners[$i]->id, $at), 'mine');
        $name = fullname($this->teacher);
        $text = $page(0, $now);
        $this->assertStringContainsString("$name looked at your estimate, " . userdate($now), $text);
        $this->assertSame(2, substr_count($text, 'looked at your estimate'), 'one for each day');
        $this->assertStringContainsString("$name looked at the list of the course, " . userdate($now), $text);
        $this->assertStringNotContainsString('looked at your estimate', $page(1, $now));
        $this->assertStringContainsString('looked at the list of the course', $page(1, $now));
        $this->assertStringContainsString('Nobody in the last 90 days', $page(0, $now + 91 * DAYSECS));
    }

    public function test_several_are_written_to_at_once_each_with_a_message_of_their_own(): void {
        global $DB;
        $now = time();
        $everybody = recipients::of($this->course, null, '', $now);
        $this->assertEquals(array_column($this->learners, 'id'), array_column($everybody, 'id'), 'by risk');
        $this->assertEquals([$this->learners[0]->id, $this->learners[1]->id], array_keys(recipients::of($this->course, null, 'high', $now)));
        $chosen = [$this->learners[1]->id, $this->learners[2]->id, $this->teacher->id];
        $some = recipients::of($this->course, $chosen, '', $now);
        $this->assertEquals([$this->learners[1]->id, $this->learners[2]->id], array_keys($some), 'no teacher');
        recipients::write($this->course, $some, $this->teacher, 'Dear {firstname}, how are you?', $now);
        $texts = $DB->get_records_menu('local_earlybell_action', ['kind' => 'message'], 'userid', 'userid, text');
        $this->assertSame([
            (int) $this->learners[1]->id => 'Dear Ben, how are you?', (int) $this->learners[2]->id => 'Dear Cleo, how are you?',
        ], $texts);
        $this->assertStringContainsString('wrote a message, just now', $this->today());
    }

    public function test_work_that_a_message_to_several_speaks_of_is_each_learners_own(): void {
        global $DB;
        $assign = $this->getDataGenerator()->create_module('assign', ['course' => $this->course->id, 'duedate' => time() + 3 * DAYSECS,
            'name' => 'Essay on bells']);
        $DB->insert_record('assign_submission', ['assignment' => $assign->id, 'userid' => $this->learners[0]->id, 'timecreated' => 1,
            'timemodified' => 2, 'status' => 'submitted', 'attemptnumber' => 0, 'latest' => 1]);
        $learners = recipients::of($this->course, null, '', time());
        $without = recipients::without_work($this->course, $learners, 'Where is {work}?', time());
        $this->assertEquals([$this->learners[0]->id], array_keys($without));
        $this->assertSame([], recipients::without_work($this->course, $learners, 'How are you?', time()));
        $filled = recipients::filled($this->course, $learners, $this->teacher, 'Where is {work}?', time());
        $this->assertSame('Where is Essay on bells?', $filled[$this->learners[1]->id]);
    }

    /**
     * What a form to several makes of what was sent.
     *
     * @param array $to whether each is chosen, by user id
     * @param string $text
     * @return array the users who are chosen, or the errors by field
     */
    private function sent(array $to, string $text): array {
        global $PAGE;
        $PAGE->set_url('/');
        $learners = recipients::of($this->course, null, '', time());
        form\bulk::mock_submit(['candidates' => implode(',', array_keys($learners)), 'to' => $to, 'text' => $text, 'submitbutton' => 'Send']);
        $form = new form\bulk(null, ['learners' => $learners, 'course' => $this->course]);
        $data = $form->get_data();
        return $data ? array_keys($form->chosen((array) $data)) : array_keys($form->validation(['to' => $to, 'text' => $text], []));
    }

    public function test_somebody_can_be_left_out_and_nobody_else_is_written_to(): void {
        [$ann, $ben, $cleo] = array_column($this->learners, 'id');
        $this->assertEquals([$ben], $this->sent([$ann => 0, $ben => 1, $cleo => 0, $this->teacher->id => 1], 'How are you?'));
        $this->assertSame(['to'], $this->sent([$ann => 0, $ben => 0, $cleo => 0], 'How are you?'));
        $this->assertSame(['text'], $this->sent([$ann => 1, $ben => 0, $cleo => 0], 'Where is {work}?'));
    }

    public function test_the_generators_of_behat_make_what_the_pages_show(): void {
        $generator = $this->getDataGenerator()->get_plugin_generator('local_earlybell');
        $key = ['courseid' => $this->course->id, 'userid' => $this->learners[2]->id];
        $generator->create_risk($key + ['risk' => '0.95', 'band' => 'high']);
        $this->assertSame([2, 0, 1], $this->chosen());
        set_config('trial', 1, 'local_earlybell');
        $generator->create_trial(['userid' => $this->teacher->id] + $key);
        $generator->create_arm($key + ['arm' => local\trial::HELD_OUT]);
        $this->assertSame([0, 1], $this->chosen());
    }

    public function test_nobody_writes_to_who_left_opted_out_or_is_of_another_group(): void {
        global $DB;
        $DB->set_field('user_enrolments', 'status', 1, ['userid' => $this->learners[0]->id]);
        $this->assertEquals([$this->learners[1]->id, $this->learners[2]->id], array_keys(recipients::of($this->course, null, '', time())));
        $DB->insert_record('local_earlybell_optout', ['courseid' => $this->course->id, 'userid' => $this->learners[1]->id, 'timecreated' => 1]);
        $this->assertEquals([$this->learners[2]->id], array_keys(recipients::of($this->course, null, '', time())));
        $DB->set_field('course', 'groupmode', SEPARATEGROUPS, ['id' => $this->course->id]);
        $this->setUser($this->getDataGenerator()->create_and_enrol($this->course, 'teacher'));
        $this->assertSame([], recipients::of(get_course($this->course->id), null, '', time()));
    }

    public function test_all_learners_can_be_chosen_by_who_may_write_to_them(): void {
        $report = function (): string {
            global $PAGE;
            $PAGE->set_url('/');
            $context = \context_course::instance($this->course->id);
            $class = reportbuilder\local\systemreports\learners::class;
            return \core_reportbuilder\system_report_factory::create($class, $context, 'local_earlybell')->output();
        };
        $box = "value=\"{$this->learners[0]->id}\" form=\"local_earlybell-bulk\"";
        $this->assertStringContainsString($box, $report());
        $this->assertMatchesRegularExpression('~(High|Medium|Low) risk \((sure|fairly sure|not sure[^)]*)\)~', $report(), 'never without how sure');
        $role = $this->getDataGenerator()->create_role();
        assign_capability('local/earlybell:viewcourse', CAP_ALLOW, $role, \context_system::instance());
        $watcher = $this->getDataGenerator()->create_user();
        $this->getDataGenerator()->enrol_user($watcher->id, $this->course->id, $role);
        $this->setUser($watcher);
        $this->assertStringNotContainsString($box, $report());
        $this->assertStringContainsString('SurnameAnn', $report());
    }
}
