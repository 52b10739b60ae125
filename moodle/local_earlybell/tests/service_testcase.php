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

use GuzzleHttp\Client as http;
use GuzzleHttp\Promise\Create;
use GuzzleHttp\Psr7\Response;
use local_earlybell\local\client;
use local_earlybell\local\drainer;
use local_earlybell\local\pseudonym;
use Psr\Http\Message\RequestInterface;

/**
 * A course with learners, and a service of our own in the place of the real one: it answers what a test wants.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class service_testcase extends \core_privacy\tests\provider_testcase {
    /** The key for pseudonyms. */
    protected const KEY = '0123456789abcdef';
    /** @var \stdClass the course */
    protected \stdClass $course;
    /** @var \stdClass a teacher */
    protected \stdClass $teacher;
    /** @var \stdClass[] learners */
    protected array $learners = [];
    /** @var array bodies of the requests, decoded, each with its path */
    protected array $requests = [];
    /** @var array what is answered first: responses, exceptions, or closures that are called with the request */
    protected array $first = [];
    /** @var array risk by user id; .5 for others */
    protected array $risks = [];
    /** @var string version of the model */
    protected string $version = 'v1';

    #[\Override]
    public function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $generator = $this->getDataGenerator();
        $this->course = $generator->create_course([
            'shortname' => 'MATH1-2026', 'startdate' => time() - 30 * DAYSECS, 'enddate' => time() + 60 * DAYSECS,
        ]);
        $this->teacher = $generator->create_and_enrol($this->course, 'editingteacher');
        foreach (['Ann', 'Ben', 'Cleo'] as $name) {
            $this->learners[] = $generator->create_and_enrol($this->course, 'student', [
                'firstname' => $name, 'lastname' => "Surname$name", 'email' => "$name@example.com",
            ]);
        }
        set_config('endpoint', 'https://service.example', 'local_earlybell');
        set_config('pseudonymkey', self::KEY, 'local_earlybell');
    }

    /**
     * A client of the service of our own.
     *
     * @return client
     */
    protected function client(): client {
        $handler = function (RequestInterface $request, array $options) {
            $path = $request->getUri()->getPath();
            $body = (string) $request->getBody();
            $body = $request->getHeaderLine('Content-Encoding') === 'gzip' ? gzdecode($body) : $body;
            $this->requests[] = ['path' => $path, 'text' => $body, 'body' => json_decode($body, true),
                'headers' => $request->getHeaders(), 'options' => $options];
            $next = array_shift($this->first);
            if ($next instanceof \Closure) {
                $next = $next($request);
            }
            if ($next instanceof \Throwable) {
                return Create::rejectionFor($next);
            }
            return Create::promiseFor($next ?? $this->answer($path, json_decode($body, true)));
        };
        return new client(new http(['handler' => $handler]), 'https://service.example/', 'a-token');
    }

    /**
     * What the service answers.
     *
     * @param string $path
     * @param array $body
     * @return Response
     */
    private function answer(string $path, array $body): Response {
        $users = [];
        foreach ($this->learners as $learner) {
            $users[(new pseudonym(self::KEY))->of($learner->id)] = $learner->id;
        }
        $learners = [];
        foreach ($body['instances'][0]['enrolments']['learner_id'] as $id) {
            $risk = $this->risks[$users[$id] ?? 0] ?? .5;
            $learners[] = [
                'learner_id' => $id,
                'risk' => $risk,
                'interval' => [max(0, $risk - .05), min(1, $risk + .1)],
                'band' => $risk >= .6 ? 'high' : ($risk >= .3 ? 'medium' : ($risk < 0.01 ? 'insufficient_evidence' : 'low')),
                'correction' => $body['instances'][0]['correction']['shift'] ?? 0,
            ] + (str_ends_with($path, ':explain') ? [
                'effects' => [
                    ['feature' => 'progress', 'value' => 1, 'effect' => -.1, 'words' => 'a', 'changeable' => false],
                    ['feature' => 'missed_work', 'value' => 2, 'effect' => .4, 'words' => 'missed 2', 'changeable' => true],
                ],
                'counterfactual' => ['words' => 'hand in more'],
            ] : [
                'reasons' => [
                    ['feature' => 'missed_work', 'value' => 2, 'effect' => .4, 'words' => 'missed 2', 'changeable' => true],
                ],
            ]);
        }
        return new Response(200, [], json_encode(['model_version' => $this->version, 'predictions' => [[
            'course_id' => '1', 'under_way' => true, 'learners' => $learners, 'note' => '', 'not_enrolled' => [], 'set_aside' => [],
        ]]]));
    }

    /**
     * A drainer with that client.
     *
     * @param int $maxbytes
     * @param int|null $now a moment, if not this one
     * @return drainer
     */
    protected function drainer(int $maxbytes = 33554432, ?int $now = null): drainer {
        $clock = new class ($now) implements \core\clock {
            /** @var int|null moment */
            private ?int $now;

            /**
             * At a moment.
             *
             * @param int|null $now
             */
            public function __construct(?int $now) {
                $this->now = $now;
            }

            #[\Override]
            public function now(): \DateTimeImmutable {
                return new \DateTimeImmutable('@' . $this->time());
            }

            #[\Override]
            public function time(): int {
                return $this->now ?? time();
            }
        };
        return new drainer($this->client(), new pseudonym(self::KEY), 50, $maxbytes, $clock);
    }

    /**
     * Ask about everybody, a moment ago.
     *
     * @param int|null $now
     */
    protected function predict_all(?int $now = null): void {
        global $DB;
        $now ??= time();
        // Events of this very second may have marked them already, and would wait.
        $DB->delete_records('local_earlybell_dirty');
        local\queue::mark_all($this->course->id, array_column($this->learners, 'id'), $now - 5);
        $this->drainer(33554432, $now)->run();
    }

    /**
     * The stored risk of a learner.
     *
     * @param int $i
     * @return \stdClass|false
     */
    protected function risk(int $i) {
        global $DB;
        return $DB->get_record('local_earlybell_risk', ['courseid' => $this->course->id, 'userid' => $this->learners[$i]->id]);
    }
}
