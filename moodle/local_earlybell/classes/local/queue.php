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
 * Learners about whom the service has to be asked: marks in a table.
 *
 * A mark goes when the answer is stored, and only if no other came meanwhile: each one counts up.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class queue {
    /** Seconds between the first tries of a mark that was refused; they double. */
    private const PATIENCE = 120;
    /** Seconds at most. */
    private const LONGEST = 21600;

    /**
     * Mark a learner, at once.
     *
     * @param int $courseid
     * @param int $userid
     * @param int $now
     */
    public static function mark(int $courseid, int $userid, int $now): void {
        global $DB;
        $key = ['courseid' => $courseid, 'userid' => $userid];
        if (!$DB->record_exists('local_earlybell_dirty', $key)) {
            try {
                $DB->insert_record('local_earlybell_dirty', $key + ['marks' => 1, 'urgent' => 1, 'timedirty' => $now], false);
                return;
            } catch (\dml_write_exception $exception) {
                // Somebody else marked the learner just now: count up.
                debugging($exception->getMessage(), DEBUG_NONE);
            }
        }
        $DB->execute(
            'UPDATE {local_earlybell_dirty} SET marks = marks + 1, urgent = 1, timedirty = :now
              WHERE courseid = :courseid AND userid = :userid',
            $key + ['now' => $now]
        );
    }

    /**
     * Mark all learners of a course, to be asked about when nothing is urgent.
     *
     * @param int $courseid
     * @param int[] $userids
     * @param int $now
     */
    public static function mark_all(int $courseid, array $userids, int $now): void {
        global $DB;
        $marked = $DB->get_records_menu('local_earlybell_dirty', ['courseid' => $courseid], '', 'userid, id');
        $new = [];
        foreach ($userids as $userid) {
            if (!isset($marked[$userid])) {
                $new[] = ['courseid' => $courseid, 'userid' => $userid, 'marks' => 1, 'urgent' => 0, 'timedirty' => $now,
                    'attempts' => 0, 'notbefore' => 0];
            }
        }
        $DB->insert_records('local_earlybell_dirty', $new);
    }

    /**
     * Marks of one course: of that with the oldest urgent one, or else with the oldest.
     *
     * Marks of this very second wait: what was done in it may not be in the log yet.
     *
     * @param int $most
     * @param int $now
     * @return \stdClass[] by user
     */
    public static function take(int $most, int $now): array {
        global $DB;
        $due = 'notbefore <= :now AND timedirty < :second';
        $params = ['now' => $now, 'second' => $now];
        $sort = 'urgent DESC, timedirty, id';
        $first = $DB->get_records_select('local_earlybell_dirty', $due, $params, $sort, '*', 0, 1);
        if (!$first) {
            return [];
        }
        $courseid = reset($first)->courseid;
        $marks = $DB->get_records_select(
            'local_earlybell_dirty',
            "$due AND courseid = :courseid",
            $params + ['courseid' => $courseid],
            $sort,
            '*',
            0,
            $most
        );
        return array_column($marks, null, 'userid');
    }

    /**
     * These were answered, and the answers are stored.
     *
     * @param \stdClass[] $marks as they were taken
     */
    public static function done(array $marks): void {
        global $DB;
        foreach ($marks as $mark) {
            $DB->delete_records('local_earlybell_dirty', ['id' => $mark->id, 'marks' => $mark->marks]);
        }
    }

    /**
     * These were refused: they wait longer each time.
     *
     * @param \stdClass[] $marks
     * @param int $now
     */
    public static function postpone(array $marks, int $now): void {
        global $DB;
        foreach ($marks as $mark) {
            $wait = min(self::LONGEST, self::PATIENCE * 2 ** min(10, $mark->attempts));
            $DB->update_record('local_earlybell_dirty', ['id' => $mark->id, 'attempts' => $mark->attempts + 1,
                'notbefore' => $now + $wait]);
        }
    }

    /**
     * How many wait.
     *
     * @return int
     */
    public static function size(): int {
        global $DB;
        return $DB->count_records('local_earlybell_dirty');
    }
}
