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
use local_earlybell\local\pseudonym;
use local_earlybell\local\trial;
use local_earlybell\local\worklist;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/service_testcase.php');

/**
 * Trials: who is drawn, when an arm is used, who is never held out, and where nobody who is held out is named.
 *
 * @covers \local_earlybell\local\trial
 * @covers \local_earlybell\local\drainer
 * @covers \local_earlybell\local\worklist
 * @covers \local_earlybell\output\trial
 * @covers \local_earlybell\output\trust
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class trial_test extends service_testcase {
    #[\Override]
    public function setUp(): void {
        parent::setUp();
        set_config('trial', 1, 'local_earlybell');
        $this->risks = [$this->learners[0]->id => .9, $this->learners[1]->id => .7, $this->learners[2]->id => .4];
        $this->predict_all();
        $this->setUser($this->teacher);
        $this->requests = [];
    }

    /**
     * More learners.
     *
     * @param int $count
     */
    private function enrol(int $count): void {
        for ($i = 0; $i < $count; $i++) {
            $this->learners[] = $this->getDataGenerator()->create_and_enrol($this->course, 'student');
        }
    }

    /**
     * Begin a trial.
     */
    private function start(): void {
        $this->assertTrue(trial::start($this->course->id, $this->teacher->id, time()));
    }

    /**
     * Begin a trial whose arms are set: the first learner is held out, the others are shown.
     */
    private function hold_out_first(): void {
        global $DB;
        $this->start();
        $this->predict_all(time() + 5);
        $DB->set_field('local_earlybell_arm', 'arm', trial::SHOWN, []);
        $DB->set_field('local_earlybell_arm', 'arm', trial::HELD_OUT, ['userid' => $this->learners[0]->id]);
    }

    /**
     * The arms, by user.
     *
     * @return string[]
     */
    private function arms(): array {
        global $DB;
        return $DB->get_records_menu('local_earlybell_arm', ['courseid' => $this->course->id], 'id', 'userid, arm');
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

    public function test_nothing_is_drawn_or_sent_without_a_trial(): void {
        $this->predict_all(time() + 5);
        $this->assertArrayNotHasKey('trial', $this->requests[0]['body']['instances'][0]);
        $this->assertSame([], $this->arms());
        $this->assertSame([], trial::held_out($this->course->id));
        set_config('trial', 0, 'local_earlybell');
        $this->assertFalse(trial::start($this->course->id, $this->teacher->id, time()), 'the site does not allow it');
    }

    public function test_blocks_are_of_neighbours_by_risk_and_half_of_each_is_of_each_arm(): void {
        global $DB;
        $this->enrol(9);
        foreach ($this->learners as $i => $learner) {
            $this->risks[$learner->id] = .95 - .05 * $i;
        }
        $this->predict_all(time() + 5);
        $this->start();
        $this->predict_all(time() + 10);
        $rows = $DB->get_records('local_earlybell_arm', [], 'id', 'userid, arm, block');
        $this->assertEquals(array_column($this->learners, 'id'), array_keys($rows), 'by risk');
        foreach (array_chunk($rows, 4) as $i => $block) {
            $this->assertSame([$i], array_unique(array_map(fn($row): int => (int) $row->block, $block)));
            $arms = array_column($block, 'arm');
            sort($arms);
            $this->assertSame(['held_out', 'held_out', 'shown', 'shown'], $arms);
        }
    }

    public function test_an_arm_stays_and_who_comes_later_fills_the_block(): void {
        $this->start();
        $this->predict_all(time() + 5);
        $before = $this->arms();
        $this->assertCount(3, $before);
        $this->enrol(5);
        $this->predict_all(time() + 10);
        $after = $this->arms();
        $this->assertSame($before, array_intersect_key($after, $before));
        $counts = array_count_values($after);
        ksort($counts);
        $this->assertSame(['held_out' => 4, 'shown' => 4], $counts);
    }

    public function test_the_draw_is_by_lot(): void {
        global $DB;
        $seen = [];
        $this->start();
        for ($i = 0; $i < 40 && count($seen) < 2; $i++) {
            $DB->delete_records('local_earlybell_arm');
            trial::draw($this->course->id, new pseudonym(self::KEY), time());
            $seen[$this->arms()[$this->learners[0]->id]] = true;
        }
        $this->assertCount(2, $seen);
    }

    public function test_the_digest_goes_along_and_an_arm_is_used_only_after_the_answer_was_stored(): void {
        global $DB;
        $this->start();
        // The service fails: the arms are drawn and sent, and none is used.
        $this->first = [new \GuzzleHttp\Psr7\Response(500, [], '{}')];
        $this->predict_all(time() + 5);
        $this->assertCount(3, $this->arms());
        $this->assertSame(0, $DB->count_records_select('local_earlybell_arm', 'timerecorded > 0'));
        $this->assertSame([], trial::held_out($this->course->id));
        $this->assertCount(3, (new worklist($this->course, null, time()))->chosen, 'everybody is shown meanwhile');
        // It answers: the digest is that of all arms by pseudonym, and they are used.
        set_config('circuituntil', 0, 'local_earlybell');
        $this->predict_all(time() + 3600);
        $lines = [];
        foreach ($this->arms() as $userid => $arm) {
            $lines[] = (new pseudonym(self::KEY))->of($userid) . " $arm\n";
        }
        sort($lines);
        $digest = hash('sha256', implode('', $lines));
        $this->assertSame([$digest, $digest], array_map(
            fn(array $request): string => $request['body']['instances'][0]['trial'],
            array_slice($this->requests, 0, 2)
        ));
        $this->assertSame(3, $DB->count_records_select('local_earlybell_arm', 'timerecorded > 0'));
        $this->assertSame(array_keys($this->arms(), trial::HELD_OUT), array_values(trial::held_out($this->course->id)));
    }

    public function test_an_answer_about_nobody_records_nothing(): void {
        global $DB;
        $this->start();
        trial::draw($this->course->id, new pseudonym(self::KEY), time());
        trial::recorded($this->course->id, ['learners' => []], [], time());
        $this->assertSame(0, $DB->count_records_select('local_earlybell_arm', 'timerecorded > 0'));
    }

    public function test_who_is_flagged_is_noted_in_both_arms_and_the_risk_is_stored(): void {
        global $DB;
        $this->risks[$this->learners[2]->id] = .1;
        $this->hold_out_first();
        $flagged = $DB->get_fieldset_select('local_earlybell_arm', 'userid', 'timeflagged > 0 ORDER BY userid');
        $this->assertEquals([$this->learners[0]->id, $this->learners[1]->id], $flagged);
        $this->assertSame('high', $this->risk(0)->band);
    }

    public function test_who_is_held_out_is_on_no_page_of_the_staff(): void {
        $this->hold_out_first();
        $worklist = new worklist($this->course, null, time());
        $this->assertSame([(int) $this->learners[1]->id, (int) $this->learners[2]->id], array_keys($worklist->chosen));
        $this->assertSame(2, $worklist->total);
        $context = \context_course::instance($this->course->id);
        $today = $this->text(new output\today($this->course, $context, time()), 'today');
        $this->assertStringNotContainsString('Ann', $today);
        $this->assertStringContainsString('A trial runs in this course', $today);
        $one = $this->text(new output\learner($this->course, $context, $this->learners[0]->id, time()), 'learner');
        $this->assertStringContainsString('are not shown to the staff', $one);
        $this->assertDoesNotMatchRegularExpression('~High risk|90%|missed 2|no risk of this learner~', $one);
        $trust = $this->text(new output\trust($this->course, $context, time()), 'trust');
        // Risks .7 and .4 are shown: one is high.
        $this->assertStringContainsString('1 learners have a high risk', $trust);
        $this->assertStringContainsString('2 are shown and 1 are not', $trust);
        $this->assertStringContainsString('Begin, look at or end a trial', $trust);
        $report = \core_reportbuilder\system_report_factory::create(
            reportbuilder\local\systemreports\learners::class,
            $context,
            'local_earlybell'
        );
        $all = $report->output();
        $this->assertStringNotContainsString('SurnameAnn', $all);
        $this->assertStringContainsString('SurnameBen', $all);
    }

    public function test_no_digest_notification_or_bulk_message_names_who_is_held_out(): void {
        $this->preventResetByRollback();
        set_config('quietfrom', 0, 'local_earlybell');
        set_config('quietuntil', 0, 'local_earlybell');
        $this->risks[$this->learners[0]->id] = .4;
        $this->hold_out_first();
        $this->risks[$this->learners[0]->id] = .9;
        $this->predict_all(time() + 10);
        $sink = $this->redirectMessages();
        $this->assertSame(0, task\alert::send(time() + 10));
        $this->assertSame(1, task\digest::send(time() + 10));
        $this->assertStringContainsString('2 learners to look at first', $sink->get_messages()[0]->fullmessage);
        $recipients = local\recipients::of($this->course, null, '', time());
        $this->assertSame([(int) $this->learners[1]->id, (int) $this->learners[2]->id], array_keys($recipients));
        // The same rise of a learner who is shown is told of.
        trial::end($this->course->id, $this->teacher->id, time());
        $this->assertSame(1, task\alert::send(time() + 20));
    }

    /**
     * Ways to be exempt.
     *
     * @return array
     */
    public static function exempt(): array {
        return [['role'], ['cohort'], ['field'], ['contest'], ['optout']];
    }

    /**
     * Whoever is exempt is not drawn; who becomes exempt is shown at once, and noted.
     *
     * @dataProvider exempt
     * @param string $way
     */
    public function test_whoever_is_exempt_is_never_held_out(string $way): void {
        global $DB;
        $make = $this->exempting($way);
        $this->hold_out_first();
        $this->assertSame([(int) $this->learners[0]->id], array_values(trial::held_out($this->course->id)));
        $make($this->learners[0]);
        $this->assertSame([], trial::held_out($this->course->id), 'at once');
        $late = $this->getDataGenerator()->create_and_enrol($this->course, 'student');
        $make($late);
        trial::draw($this->course->id, new pseudonym(self::KEY), time());
        $this->assertGreaterThan(0, $DB->get_field('local_earlybell_arm', 'timeexempt', ['userid' => $this->learners[0]->id]));
        $this->assertFalse($DB->record_exists('local_earlybell_arm', ['userid' => $late->id]), 'nobody exempt is drawn');
    }

    /**
     * Make the site exempt somebody.
     *
     * @param string $way
     * @return \Closure that makes a user exempt
     */
    private function exempting(string $way): \Closure {
        $generator = $this->getDataGenerator();
        $courseid = $this->course->id;
        if ($way === 'role') {
            $role = $generator->create_role();
            set_config('trialexemptroles', $role, 'local_earlybell');
            return fn($user) => role_assign($role, $user->id, \context_course::instance($courseid));
        } else if ($way === 'cohort') {
            $cohort = $generator->create_cohort();
            set_config('trialexemptcohorts', $cohort->id, 'local_earlybell');
            return fn($user) => cohort_add_member($cohort->id, $user->id);
        } else if ($way === 'field') {
            $generator->create_custom_profile_field(['datatype' => 'text', 'shortname' => 'minor', 'name' => 'Minor']);
            set_config('trialexemptfield', 'minor', 'local_earlybell');
            profile_save_data((object) ['id' => $this->learners[0]->id, 'profile_field_minor' => '0']);
            return fn($user) => profile_save_data((object) ['id' => $user->id, 'profile_field_minor' => 'yes']);
        } else if ($way === 'contest') {
            return fn($user) => actions::add('contest', $courseid, $user->id, $user->id, time(), ['text' => 'No']);
        }
        return fn($user) => actions::opt($courseid, $user->id, true, time());
    }

    public function test_an_ended_trial_shows_everybody_and_is_not_begun_again(): void {
        $this->hold_out_first();
        $this->assertFalse(trial::start($this->course->id, $this->teacher->id, time()), 'it runs already');
        $this->assertTrue(trial::end($this->course->id, $this->teacher->id, time()));
        $this->assertFalse(trial::end($this->course->id, $this->teacher->id, time()));
        $this->assertSame([], trial::held_out($this->course->id));
        $this->requests = [];
        $this->predict_all(time() + 10);
        $this->assertArrayNotHasKey('trial', $this->requests[0]['body']['instances'][0]);
        $this->assertFalse(trial::start($this->course->id, $this->teacher->id, time()));
        $page = $this->text(new output\trial($this->course), 'trial');
        $this->assertStringContainsString('It ended on', $page);
        $this->assertStringContainsString('Drawn: 2 shown, 1 not shown', $page);
    }

    public function test_a_site_that_switches_trials_off_shows_everybody(): void {
        $this->hold_out_first();
        set_config('trial', 0, 'local_earlybell');
        $this->assertSame([], trial::held_out($this->course->id));
    }

    public function test_a_trial_is_logged_with_its_digest(): void {
        $sink = $this->redirectEvents();
        $this->start();
        trial::draw($this->course->id, new pseudonym(self::KEY), time());
        trial::end($this->course->id, $this->teacher->id, time());
        [$started, $drawn, $ended] = $sink->get_events();
        $this->assertInstanceOf(event\trial_started::class, $started);
        $this->assertInstanceOf(event\trial_ended::class, $ended);
        $this->assertSame(3, $drawn->other['learners']);
        $this->assertSame(trial::digest($this->course->id, new pseudonym(self::KEY)), $drawn->other['digest']);
        foreach ([$started, $drawn, $ended] as $event) {
            $this->assertSame((int) $this->course->id, (int) $event->courseid);
            $this->assertStringContainsString('trial', $event->get_description());
        }
    }

    public function test_a_learner_reads_that_a_trial_runs(): void {
        $this->hold_out_first();
        $this->setUser($this->learners[0]);
        $text = $this->text(new output\mine($this->course, $this->learners[0]->id, time()), 'mine');
        $this->assertStringContainsString('A trial runs in this course', $text);
    }

    public function test_arms_are_kept_while_a_trial_runs_and_go_when_it_is_over_for_long(): void {
        global $DB;
        $this->hold_out_first();
        $DB->set_field('local_earlybell_arm', 'timedrawn', 1, []);
        (new task\cleanup())->execute();
        $this->assertCount(3, $this->arms());
        trial::end($this->course->id, $this->teacher->id, time() - 2 * YEARSECS);
        (new task\cleanup())->execute();
        $this->assertSame([], $this->arms());
    }
}
