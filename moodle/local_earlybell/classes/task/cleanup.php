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

namespace local_earlybell\task;

use local_earlybell\local\config;

/**
 * Every night: delete what is older than the site keeps it, and what was of courses that are gone.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class cleanup extends \core\task\scheduled_task {
    #[\Override]
    public function get_name() {
        return get_string('taskcleanup', 'local_earlybell');
    }

    #[\Override]
    public function execute() {
        global $DB;
        $before = time() - (int) config::number('retention', YEARSECS);
        foreach (['risk', 'history', 'action', 'look', 'sent'] as $table) {
            $DB->delete_records_select("local_earlybell_$table", 'timecreated < ?', [$before]);
        }
        $DB->delete_records_select('local_earlybell_digest', 'timecreated < ?', [time() - 30 * DAYSECS]);
        $over = 'courseid IN (SELECT t.courseid FROM {local_earlybell_trial} t WHERE t.timeended > 0 AND t.timeended < ?)';
        $DB->delete_records_select('local_earlybell_arm', $over, [$before]);
        foreach (['dirty', 'course', 'risk', 'history', 'action', 'optout', 'trial', 'arm', 'look', 'sent'] as $table) {
            $DB->delete_records_select("local_earlybell_$table", 'courseid NOT IN (SELECT id FROM {course})');
        }
    }
}
