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

use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Psr7\Request;
use GuzzleHttp\Psr7\Response;
use local_earlybell\local\circuit;
use local_earlybell\local\failure;
use local_earlybell\local\queue;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/service_testcase.php');

/**
 * Marks, requests and answers: nothing is lost, nobody is named, a service in trouble is left alone.
 *
 * @covers \local_earlybell\local\drainer
 * @covers \local_earlybell\local\queue
 * @covers \local_earlybell\local\circuit
 * @covers \local_earlybell\local\client
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class drainer_test extends service_testcase {
    public function test_an_answer_is_stored_and_the_mark_goes(): void {
        $this->risks = [$this->learners[0]->id => .7];
        queue::mark($this->course->id, $this->learners[0]->id, time() - 5);
        $this->drainer()->run();
        $this->assertEquals(.7, $this->risk(0)->risk);
        $this->assertSame('high', $this->risk(0)->band);
        $this->assertSame(0, queue::size());
        $this->assertFalse($this->risk(1));
        $this->assertSame(['Bearer a-token'], $this->requests[0]['headers']['Authorization']);
        $this->assertFalse($this->requests[0]['options']['allow_redirects'], 'a token never follows a redirect');
    }

    public function test_a_mark_that_came_meanwhile_survives(): void {
        $id = $this->learners[0]->id;
        queue::mark($this->course->id, $id, time() - 5);
        $this->first = [function () use ($id) {
            queue::mark($this->course->id, $id, time() - 5);
        }];
        set_config('explain', 0, 'local_earlybell');
        $this->drainer()->run();
        $this->assertCount(2, $this->requests, 'the second mark is answered too');
        $this->assertSame(0, queue::size());
    }

    public function test_a_failure_loses_nothing_and_opens_the_circuit(): void {
        $now = time();
        queue::mark($this->course->id, $this->learners[0]->id, $now - 5);
        $this->first = [new ConnectException('cURL error 7: refused', new Request('POST', '/'))];
        $this->drainer(now: $now)->run();
        $this->assertSame(1, queue::size());
        $this->assertSame(failure::refused, circuit::trouble()['failure']);
        // Before its time nothing is asked.
        $this->drainer(now: $now + 29)->run();
        $this->assertCount(1, $this->requests);
        // After it one request goes, and closes the circuit.
        $this->drainer(now: $now + 31)->run();
        $this->assertNull(circuit::trouble());
        $this->assertSame(0, queue::size());
    }

    public function test_the_circuit_waits_longer_after_each_failure(): void {
        $now = time();
        queue::mark($this->course->id, $this->learners[0]->id, $now - 5);
        $waits = [];
        for ($i = 0; $i < 7; $i++) {
            $this->first = [new Response(500)];
            $this->drainer(now: $now)->run();
            $waits[] = circuit::open_until($now) - $now;
            $now = circuit::open_until($now);
        }
        $this->assertSame([30, 60, 120, 240, 480, 900, 900], $waits);
    }

    /**
     * Statuses that ask for patience.
     *
     * @return array
     */
    public static function busy(): array {
        return ['429' => [429, '77', 77], '503 with a fraction' => [503, '0.5', 1], '504 for days' => [504, '999999', 3600]];
    }

    /**
     * Retry-After is followed, within an hour.
     *
     * @dataProvider busy
     * @param int $status
     * @param string $header
     * @param int $wait
     */
    public function test_retry_after_is_followed(int $status, string $header, int $wait): void {
        $now = time();
        queue::mark($this->course->id, $this->learners[0]->id, $now - 5);
        $this->first = [new Response($status, ['Retry-After' => $header])];
        $this->drainer(now: $now)->run();
        $this->assertSame($now + $wait, circuit::open_until($now));
        $this->assertSame(failure::busy, circuit::trouble()['failure']);
    }

    /**
     * Answers that are none.
     *
     * @return array
     */
    public static function nonsense(): array {
        $learner = ['learner_id' => 'x', 'risk' => .5, 'interval' => [.4, .6], 'band' => 'high'];
        $of = fn(array $learners): string => json_encode(['predictions' => [['learners' => $learners]]]);
        return [
            'html' => ['<html>'],
            'empty' => [''],
            'another object' => ['{"a": 1}'],
            'a list' => ['[]'],
            'a risk of 2' => [$of([['risk' => 2] + $learner])],
            'a risk as text' => [$of([['risk' => 'NaN'] + $learner])],
            'an unknown band' => [$of([['band' => 'purple'] + $learner])],
            'no interval' => [$of([['interval' => null] + $learner])],
            'a learner that is a number' => [$of([7])],
        ];
    }

    /**
     * Nonsense is stored nowhere, and the mark stays.
     *
     * @dataProvider nonsense
     * @param string $body
     */
    public function test_nonsense_is_not_stored(string $body): void {
        queue::mark($this->course->id, $this->learners[0]->id, time() - 5);
        $this->first = [new Response(200, [], $body)];
        $this->drainer()->run();
        $this->assertFalse($this->risk(0));
        $this->assertSame(1, queue::size());
        $this->assertSame(failure::server, circuit::trouble()['failure']);
    }

    public function test_one_learner_who_is_refused_does_not_hold_up_the_others(): void {
        global $DB;
        $now = time();
        $bad = (new local\pseudonym(self::KEY))->of($this->learners[1]->id);
        $refuse = function ($request) use ($bad) {
            $body = (string) $request->getBody();
            return str_contains($body, $bad) ? new Response(400, [], '{"error": "no"}') : null;
        };
        $this->first = array_fill(0, 20, $refuse);
        $this->predict_all($now);
        $this->assertNotFalse($this->risk(0));
        $this->assertFalse($this->risk(1));
        $this->assertNotFalse($this->risk(2));
        $mark = $DB->get_record('local_earlybell_dirty', []);
        $this->assertEquals($this->learners[1]->id, $mark->userid);
        $this->assertEquals($now + 120, $mark->notbefore);
        $this->assertNull(circuit::trouble(), 'the service itself is well');
    }

    public function test_a_request_above_the_limit_is_split(): void {
        set_config('explain', 0, 'local_earlybell');
        queue::mark_all($this->course->id, array_column($this->learners, 'id'), time() - 5);
        $this->drainer(100)->run();
        $sizes = array_map(fn(array $request): int => count($request['body']['instances'][0]['enrolments']['learner_id']), $this->requests);
        $this->assertSame([1, 1, 1], $sizes);
        $this->assertSame(0, queue::size());
    }

    public function test_a_run_that_is_killed_half_way_loses_nothing(): void {
        queue::mark_all($this->course->id, array_column($this->learners, 'id'), time() - 5);
        $this->first = [fn() => throw new \Error('killed')];
        try {
            $this->drainer()->run();
            $this->fail('it was killed');
        } catch (\Error $error) {
            $this->assertSame('killed', $error->getMessage());
        }
        $this->assertSame(3, queue::size());
        $this->drainer()->run();
        $this->assertSame(0, queue::size());
    }

    public function test_no_name_leaves(): void {
        $this->predict_all();
        $this->assertCount(2, $this->requests);
        foreach ($this->requests as $request) {
            foreach ($this->learners as $learner) {
                foreach ([$learner->firstname, $learner->lastname, $learner->email, $learner->username] as $name) {
                    $this->assertStringNotContainsStringIgnoringCase($name, str_replace('learner_id', '', $request['text']));
                }
                $this->assertStringContainsString((new local\pseudonym(self::KEY))->of($learner->id), $request['text']);
            }
        }
    }

    public function test_staff_and_whoever_left_are_not_asked_about_and_forgotten(): void {
        $this->predict_all();
        $instance = array_values(enrol_get_instances($this->course->id, true))[0];
        enrol_get_plugin('manual')->unenrol_user($instance, $this->learners[0]->id);
        queue::mark($this->course->id, $this->learners[0]->id, time() - 5);
        queue::mark($this->course->id, $this->teacher->id, time() - 5);
        $this->requests = [];
        $this->drainer()->run();
        $this->assertSame([], $this->requests);
        $this->assertFalse($this->risk(0));
        $this->assertSame(0, queue::size());
    }

    public function test_the_urgent_come_before_the_night(): void {
        queue::mark_all($this->course->id, [$this->learners[0]->id], time() - 500);
        $other = $this->getDataGenerator()->create_course(['startdate' => time() - DAYSECS]);
        $user = $this->getDataGenerator()->create_and_enrol($other, 'student');
        queue::mark($other->id, $user->id, time() - 5);
        $this->drainer()->run();
        $this->assertEquals($other->id, $this->requests[0]['body']['instances'][0]['courses']['course_id'][0]);
    }

    public function test_a_mark_of_this_second_waits(): void {
        queue::mark($this->course->id, $this->learners[0]->id, time());
        $this->assertSame([], queue::take(10, time()));
    }

    public function test_a_correction_that_is_stored_is_sent(): void {
        $correction = ['bundle' => str_repeat('a', 64), 'shift' => .25, 'words' => 'harder', 'time' => 1];
        local\risks::store_course($this->course->id, ['correction' => json_encode($correction)]);
        $this->predict_all();
        $this->assertSame(['bundle' => str_repeat('a', 64), 'shift' => .25], $this->requests[0]['body']['instances'][0]['correction']);
        $this->assertEquals(.25, $this->risk(0)->correction);
    }

    public function test_the_doubt_of_a_course_is_sent_with_its_correction(): void {
        $correction = ['bundle' => str_repeat('a', 64), 'shift' => 0, 'words' => '', 'time' => 1, 'doubt' => 'course_level'];
        local\risks::store_course($this->course->id, ['correction' => json_encode($correction)]);
        $this->predict_all();
        $this->assertSame('course_level', $this->requests[0]['body']['instances'][0]['correction']['doubt']);
    }

    public function test_explanations_are_asked_of_those_at_risk_and_can_fail(): void {
        $this->risks = [$this->learners[0]->id => .7, $this->learners[1]->id => .1, $this->learners[2]->id => 0];
        $this->predict_all();
        $this->assertStringEndsWith(':explain', $this->requests[1]['path']);
        $this->assertCount(1, $this->requests[1]['body']['instances'][0]['enrolments']['learner_id']);
        $this->assertSame('hand in more', json_decode($this->risk(0)->explained, true)['counterfactual']['words']);
        $this->first = [null, new Response(500)];
        $this->expectOutputRegex('~no explanation~');
        $this->predict_all(time() + 10);
        $this->assertNull($this->risk(0)->explained);
        $this->assertSame(0, queue::size());
    }

    public function test_a_change_of_band_by_another_model_is_marked_and_a_week_has_one_row(): void {
        global $DB;
        $monday = local\risks::week(time());
        $this->risks = [$this->learners[0]->id => .7];
        $this->predict_all($monday + 3600);
        $this->risks = [$this->learners[0]->id => .4];
        $this->predict_all($monday + 7200);
        $this->assertSame(['high', '0'], [$this->risk(0)->bandbefore, (string) $this->risk(0)->newmodel]);
        $this->version = 'v2';
        $this->risks = [$this->learners[0]->id => .1];
        $this->predict_all($monday + 9000);
        $this->assertSame(['medium', '1'], [$this->risk(0)->bandbefore, (string) $this->risk(0)->newmodel]);
        $key = ['courseid' => $this->course->id, 'userid' => $this->learners[0]->id];
        $this->assertEquals([$monday => .1], $DB->get_records_menu('local_earlybell_history', $key, '', 'week, risk'));
    }

    public function test_events_only_mark(): void {
        global $DB;
        $this->preventResetByRollback(); // Observers that are not internal wait for the commit.
        $DB->delete_records('local_earlybell_dirty');
        $this->setUser($this->learners[0]);
        $context = \context_course::instance($this->course->id);
        \core\event\course_viewed::create(['context' => $context])->trigger();
        \core\event\course_viewed::create(['context' => $context])->trigger();
        $mark = $DB->get_record('local_earlybell_dirty', []);
        $this->assertEquals([$this->learners[0]->id, 2, 1], [$mark->userid, $mark->marks, $mark->urgent]);
        // Whoever was here today is not marked for coming back.
        $DB->delete_records('local_earlybell_dirty');
        global $USER;
        $USER->lastcourseaccess[$this->course->id] = time() - 60;
        \core\event\course_viewed::create(['context' => $context])->trigger();
        $this->assertSame(0, queue::size());
    }
}
