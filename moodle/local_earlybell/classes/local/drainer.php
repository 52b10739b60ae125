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

namespace local_earlybell\local;

/**
 * Takes marks, asks the service, stores the answers and then deletes the marks: until nothing is left or the time is up.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class drainer {
    /** The name of the lock: one drainer at a time. */
    private const LOCK = 'drain';
    /** Learners of a request. */
    private const BATCH = 100;

    /** @var int requests sent */
    public int $requests = 0;
    /** @var int learners answered */
    public int $answered = 0;

    /**
     * With a client and a budget.
     *
     * @param client $client
     * @param pseudonym $pseudonym
     * @param float $seconds of a run
     * @param int $maxbytes of a request
     * @param \core\clock|null $clock
     */
    public function __construct(
        /** @var client asks */
        private readonly client $client,
        /** @var pseudonym makes pseudonyms */
        private readonly pseudonym $pseudonym,
        /** @var float seconds */
        private readonly float $seconds = 50,
        /** @var int bytes */
        private readonly int $maxbytes = 33554432,
        /** @var \core\clock|null clock */
        private readonly ?\core\clock $clock = null
    ) {
    }

    /**
     * Drain. If another cron does, this one leaves it to that.
     *
     * @return string what there is to say of it
     */
    public function run(): string {
        $factory = \core\lock\lock_config::get_lock_factory('local_earlybell');
        $lock = $factory->get_lock(self::LOCK, 0, 3600);
        if (!$lock) {
            return 'another drainer runs';
        }
        try {
            return $this->drain();
        } finally {
            $lock->release();
        }
    }

    /**
     * The moment.
     *
     * @return int
     */
    private function now(): int {
        return $this->clock ? $this->clock->time() : time();
    }

    /**
     * Until nothing is left, the time is up, or the service is in trouble.
     *
     * @return string
     */
    private function drain(): string {
        $end = microtime(true) + $this->seconds;
        while (microtime(true) < $end) {
            if ($until = circuit::open_until($this->now())) {
                return sprintf('the service is left alone until %s', gmdate('c', $until));
            }
            $marks = queue::take(self::BATCH, $this->now());
            if (!$marks) {
                break;
            }
            try {
                $this->answer($marks);
            } catch (service_exception $exception) {
                $until = circuit::failed($exception, $this->now());
                $courseid = (int) reset($marks)->courseid;
                risks::store_course($courseid, ['timefailed' => $this->now(), 'failure' => $exception->failure->value]);
                return sprintf('%s; the service is left alone until %s', $exception->getMessage(), gmdate('c', $until));
            }
        }
        return sprintf('%d learners answered by %d requests; %d marks wait', $this->answered, $this->requests, queue::size());
    }

    /**
     * Answer marks of one course.
     *
     * @param \stdClass[] $marks by user
     */
    private function answer(array $marks): void {
        global $DB;
        $courseid = (int) reset($marks)->courseid;
        $now = $this->now();
        $course = $DB->get_record('course', ['id' => $courseid]);
        $enrolledat = $course && scope::has_course($course, $now) ? scope::learners($courseid, $now, array_keys($marks)) : [];
        $gone = array_diff_key($marks, $enrolledat);
        if ($gone) {
            risks::forget($courseid, array_keys($gone));
            queue::done($gone);
        }
        if ($enrolledat) {
            $correction = risks::correction($courseid);
            $trial = trial::draw($courseid, $this->pseudonym, $now);
            $payload = (new course_reader($course, $now))->payload($this->pseudonym, $enrolledat, $correction, $trial);
            $this->ask($courseid, $payload, array_intersect_key($marks, $enrolledat), $now, $trial !== '');
        }
    }

    /**
     * Ask about learners of one course; halves of them, where the request is too large or refused.
     *
     * @param int $courseid
     * @param payload $payload
     * @param \stdClass[] $marks by user
     * @param int $now
     * @param bool $intrial whether the arms of a trial go along
     */
    private function ask(int $courseid, payload $payload, array $marks, int $now, bool $intrial): void {
        global $DB;
        try {
            $body = $payload->body(array_keys($marks));
            if (strlen($body) > $this->maxbytes && count($marks) > 1) {
                throw new service_exception(failure::toolarge, strlen($body) . ' bytes');
            }
            $this->requests++;
            $answer = $this->client->predict($body);
        } catch (service_exception $exception) {
            if (!$exception->failure->is_of_request()) {
                throw $exception;
            }
            if (count($marks) > 1) {
                foreach (array_chunk($marks, (int) ceil(count($marks) / 2), true) as $half) {
                    $this->ask($courseid, $payload, $half, $now, $intrial);
                }
                return;
            }
            // The service answers, but not about this learner as things stand: others are not held up.
            queue::postpone($marks, $now);
            risks::store_course($courseid, [
                'timefailed' => $now, 'failure' => $exception->failure->value, 'detail' => substr($exception->getMessage(), 0, 1000),
            ]);
            return;
        }
        circuit::succeeded();
        $explained = $this->explanations($payload, $answer);
        $transaction = $DB->start_delegated_transaction();
        risks::store($courseid, $answer, $explained, $payload->users(), $now);
        if ($intrial) {
            trial::recorded($courseid, $answer, $payload->users(), $now);
        }
        queue::done($marks);
        $transaction->allow_commit();
        $this->answered += count($answer['learners']);
    }

    /**
     * The explanations of those who are to be looked at; without them the risks are stored all the same.
     *
     * @param payload $payload
     * @param array $answer
     * @return array learners by pseudonym
     */
    private function explanations(payload $payload, array $answer): array {
        if (!config::on('explain', true)) {
            return [];
        }
        $atrisk = array_filter($answer['learners'], fn(array $learner): bool => in_array($learner['band'], ['high', 'medium'], true));
        $userids = array_values(array_intersect_key($payload->users(), array_column($atrisk, null, 'learner_id')));
        if (!$userids) {
            return [];
        }
        try {
            $this->requests++;
            return array_column($this->client->explain($payload->body($userids))['learners'], null, 'learner_id');
        } catch (service_exception $exception) {
            mtrace('  no explanation: ' . $exception->getMessage());
            return [];
        }
    }
}
