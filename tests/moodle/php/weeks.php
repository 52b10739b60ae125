<?php
// Asks the service about all courses as of each of the last weeks, so that the pages have a past: weeks.php CONFIG WEEKS
define('CLI_SCRIPT', true);
[, $config, $weeks] = $argv;
require($config);

use local_earlybell\local\config;
use local_earlybell\local\drainer;
use local_earlybell\local\queue;
use local_earlybell\local\scope;

$requests = $learners = 0;
for ($week = (int) $weeks; $week >= 0; $week--) {
    $clock = new class (time() - $week * WEEKSECS) implements \core\clock {
        public function __construct(private int $time) {
        }

        public function now(): \DateTimeImmutable {
            return new \DateTimeImmutable("@$this->time");
        }

        public function time(): int {
            return $this->time;
        }
    };
    $DB->delete_records('local_earlybell_dirty');
    foreach (scope::courses($clock->time()) as $course) {
        queue::mark_all((int) $course->id, array_keys(scope::learners((int) $course->id, $clock->time())), $clock->time() - 10);
    }
    $drainer = new drainer(config::client(), config::pseudonym(), 300, 33554432, $clock);
    $said = $drainer->run();
    $requests += $drainer->requests;
    $learners += $drainer->answered;
}
echo json_encode(['requests' => $requests, 'learners' => $learners, 'last' => $said]);
