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
 * To whom of a course a teacher may write at once: learners of it now, whom the teacher may see, with an estimate that is shown.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class recipients {
    /** At once at most. */
    public const MOST = 200;

    /**
     * Those of the candidates, by risk, the greatest first.
     *
     * @param \stdClass $course
     * @param int[]|null $userids candidates; null for everybody
     * @param string $band of this band alone; empty for all
     * @param int $now
     * @return \stdClass[] users by id
     */
    public static function of(\stdClass $course, ?array $userids, string $band, int $now): array {
        global $DB;
        $rows = $DB->get_records('local_earlybell_risk', ['courseid' => $course->id], 'COALESCE(risk, -1) DESC, userid', 'userid, band');
        $rows = array_filter($rows, fn(\stdClass $row): bool => $band === '' || $row->band === $band);
        foreach ([$userids, access::userids($course, \context_course::instance($course->id))] as $only) {
            $rows = $only === null ? $rows : array_intersect_key($rows, array_flip($only));
        }
        $rows = array_intersect_key($rows, scope::learners((int) $course->id, $now, array_keys($rows)));
        $rows = array_slice(array_diff_key($rows, trial::held_out((int) $course->id)), 0, self::MOST, true);
        $users = $rows ? $DB->get_records_list('user', 'id', array_keys($rows)) : [];
        return array_replace(array_intersect_key($rows, $users), $users);
    }

    /**
     * Write to each of them: a message of their own, with its fields filled in, which goes in a minute and stands with what was done.
     *
     * @param \stdClass $course
     * @param \stdClass[] $learners users by id
     * @param \stdClass $teacher
     * @param string $text with fields
     * @param int $now
     */
    public static function write(\stdClass $course, array $learners, \stdClass $teacher, string $text, int $now): void {
        foreach (self::filled($course, $learners, $teacher, $text, $now) as $userid => $written) {
            actions::add('message', (int) $course->id, $userid, (int) $teacher->id, $now, ['text' => $written]);
        }
    }

    /**
     * The messages as each will read them.
     *
     * @param \stdClass $course
     * @param \stdClass[] $learners users by id
     * @param \stdClass $teacher
     * @param string $text with fields
     * @param int $now
     * @return string[] by user id
     */
    public static function filled(\stdClass $course, array $learners, \stdClass $teacher, string $text, int $now): array {
        $written = [];
        foreach (self::work($course, $learners, $now) as $userid => $work) {
            $written[$userid] = proposal::fill($text, $learners[$userid], $teacher, $course, $work);
        }
        return $written;
    }

    /**
     * Who has no work to fill into a text that speaks of it.
     *
     * @param \stdClass $course
     * @param \stdClass[] $learners users by id
     * @param string $text with fields
     * @param int $now
     * @return \stdClass[] users by id
     */
    public static function without_work(\stdClass $course, array $learners, string $text, int $now): array {
        if (!preg_match('~\{(work|due)\}~', $text)) {
            return [];
        }
        return array_diff_key($learners, array_filter(self::work($course, $learners, $now)));
    }

    /**
     * The work of each that a message may speak of.
     *
     * @param \stdClass $course
     * @param \stdClass[] $learners users by id
     * @param int $now
     * @return array work or null, by user id
     */
    private static function work(\stdClass $course, array $learners, int $now): array {
        return array_map(
            fn(array $list): ?\stdClass => work::due_soon($list) ?? work::missed($list),
            work::of($course, array_keys($learners), $now)
        );
    }
}
