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

/**
 * Data for tests.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * Makes what the service would have answered, and trials.
 */
class local_earlybell_generator extends component_generator_base {
    /**
     * The risk of a learner, as the service answers it.
     *
     * @param array $data courseid, userid, risk and band
     */
    public function create_risk(array $data): void {
        $pseudonym = "learner$data[userid]";
        $learner = [
            'learner_id' => $pseudonym,
            'risk' => (float) $data['risk'],
            'interval' => [max(0, $data['risk'] - .05), min(1, $data['risk'] + .05)],
            'band' => $data['band'],
        ];
        $answer = ['learners' => [$learner], 'model_version' => 'test'];
        \local_earlybell\local\risks::store((int) $data['courseid'], $answer, [], [$pseudonym => (int) $data['userid']], time());
    }

    /**
     * A trial that runs.
     *
     * @param array $data courseid, and userid of who began it
     */
    public function create_trial(array $data): void {
        \local_earlybell\local\trial::start((int) $data['courseid'], (int) $data['userid'], time());
    }

    /**
     * An arm that is used.
     *
     * @param array $data courseid, userid and arm
     */
    public function create_arm(array $data): void {
        global $DB;
        $now = time();
        $DB->insert_record('local_earlybell_arm', [
            'courseid' => $data['courseid'], 'userid' => $data['userid'], 'arm' => $data['arm'], 'block' => 0, 'timedrawn' => $now,
            'timerecorded' => $now,
        ]);
    }
}
