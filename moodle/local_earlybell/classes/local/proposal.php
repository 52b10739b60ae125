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
 * The one action that is proposed about a learner.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class proposal {
    /** Features that speak of absence. */
    private const ABSENCE = ['days_since_activity', 'longest_gap_days', 'active_days_last_7', 'active_days_last_28', 'clicks_last_7'];

    /**
     * What is proposed.
     *
     * @param \stdClass $row with reasons, soon and missed
     * @param \stdClass|null $contact the last message that was not taken back
     * @param int $now
     * @return array kind, template, and its words
     */
    public static function of(\stdClass $row, ?\stdClass $contact, int $now): array {
        if ($contact && $contact->timecreated > $now - WEEKSECS) {
            return ['note', '', get_string('propose_note', 'local_earlybell', words::ago((int) $contact->timecreated, $now))];
        }
        if ($row->soon) {
            $values = [
                'work' => $row->soon->name,
                'due' => userdate($row->soon->due, get_string('strftime_day', 'local_earlybell')),
            ];
            return ['message', 'reminder', get_string('propose_reminder', 'local_earlybell', $values)];
        }
        $raising = array_filter(json_decode((string) $row->reasons, true) ?: [], fn(array $reason): bool => ($reason['effect'] ?? 0) > 0);
        if (array_intersect(array_column($raising, 'feature'), self::ABSENCE)) {
            return ['message', 'absence', get_string('propose_absence', 'local_earlybell')];
        }
        if ($row->missed) {
            return ['message', 'general', get_string('propose_missed', 'local_earlybell', $row->missed->name)];
        }
        return ['message', 'general', get_string('propose_general', 'local_earlybell')];
    }

    /**
     * A template with its fields filled.
     *
     * @param string $text
     * @param \stdClass $learner
     * @param \stdClass $teacher
     * @param \stdClass $course
     * @param \stdClass|null $work
     * @return string
     */
    public static function fill(string $text, \stdClass $learner, \stdClass $teacher, \stdClass $course, ?\stdClass $work): string {
        return strtr($text, [
            '{firstname}' => $learner->firstname,
            '{teacher}' => fullname($teacher),
            '{course}' => format_string($course->fullname, true, ['escape' => false]),
            '{work}' => $work->name ?? get_string('yourwork', 'local_earlybell'),
            '{due}' => $work ? userdate($work->due, get_string('strftimedaydatetime', 'langconfig')) : '',
        ]);
    }
}
