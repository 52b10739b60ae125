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

use local_earlybell\local\access;
use local_earlybell\local\config;
use local_earlybell\local\notifier;
use local_earlybell\local\risks;
use local_earlybell\local\scope;
use local_earlybell\local\worklist;

/**
 * One message for each teacher and day, if there is anybody to look at. That it goes is stored before it goes: never twice.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class digest extends \core\task\scheduled_task {
    #[\Override]
    public function get_name() {
        return get_string('taskdigest', 'local_earlybell');
    }

    #[\Override]
    public function execute() {
        if (!config::is_complete() || !config::on('digest', true)) {
            return;
        }
        mtrace('  digests sent: ' . self::send(time()));
    }

    /**
     * Send to every teacher who had none today, and whose day has begun.
     *
     * @param int $now
     * @return int how many went
     */
    public static function send(int $now): int {
        global $DB;
        $due = [];
        foreach (scope::courses($now) as $course) {
            if (!$DB->record_exists('local_earlybell_risk', ['courseid' => $course->id])) {
                continue;
            }
            $context = \context_course::instance($course->id);
            foreach (get_enrolled_users($context, 'local/earlybell:receivedigest', 0, 'u.*', null, 0, 0, true) as $teacher) {
                $due[$teacher->id] ??= ['teacher' => $teacher, 'courses' => []];
                $due[$teacher->id]['courses'][] = $course;
            }
        }
        $sent = 0;
        foreach ($due as ['teacher' => $teacher, 'courses' => $courses]) {
            $sent += (int) self::send_to($teacher, $courses, $now);
        }
        return $sent;
    }

    /**
     * Send to one teacher.
     *
     * @param \stdClass $teacher
     * @param \stdClass[] $courses
     * @param int $now
     * @return bool whether it went
     */
    private static function send_to(\stdClass $teacher, array $courses, int $now): bool {
        global $DB;
        $day = (int) notifier::local_time($teacher, $now)->format('Ymd');
        if (notifier::is_quiet($teacher, $now) || $DB->record_exists('local_earlybell_digest', ['userid' => $teacher->id, 'day' => $day])) {
            return false;
        }
        $lines = self::lines($teacher, $courses, $now);
        // Two crons at once: the table takes one row alone.
        try {
            $DB->insert_record('local_earlybell_digest', ['userid' => $teacher->id, 'day' => $day, 'timecreated' => $now]);
        } catch (\dml_write_exception $exception) {
            return false;
        }
        if (!$lines) {
            return false;
        }
        notifier::send('digest', $teacher, 'digest_subject', $lines, 'digest_end');
        return true;
    }

    /**
     * A line for each course with somebody to look at; no names.
     *
     * @param \stdClass $teacher
     * @param \stdClass[] $courses
     * @param int $now
     * @return array of words and address
     */
    private static function lines(\stdClass $teacher, array $courses, int $now): array {
        $lines = [];
        foreach ($courses as $course) {
            $userids = access::userids_of($teacher, $course, \context_course::instance($course->id));
            $worklist = new worklist($course, $userids, $now);
            if (!$worklist->chosen) {
                continue;
            }
            $risen = array_filter($worklist->chosen, fn(\stdClass $row): bool => risks::has_risen($row, $now - DAYSECS));
            $values = [
                'course' => format_string($course->fullname, true, ['escape' => false]),
                'count' => count($worklist->chosen),
                'risen' => count($risen),
            ];
            $lines[] = [
                notifier::words('digest_course', $teacher, $values),
                (new \moodle_url('/local/earlybell/view.php', ['id' => $course->id]))->out(false),
            ];
        }
        return $lines;
    }
}
