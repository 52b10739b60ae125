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

namespace local_earlybell\output;

use local_earlybell\local\actions;
use local_earlybell\local\words;

/**
 * Actions in words: who did what and when.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class doings {
    /**
     * For the template.
     *
     * @param \stdClass[] $rows
     * @param people $people
     * @param int $now
     * @param bool $texts whether what was written is shown
     * @return array
     */
    public static function export(array $rows, people $people, int $now, bool $texts): array {
        global $USER;
        $shown = [];
        foreach ($rows as $row) {
            $values = ['actor' => $people->name((int) $row->actorid), 'ago' => words::ago((int) $row->timecreated, $now)];
            if ($row->timedue) {
                $values['due'] = userdate($row->timedue, get_string('strftimedatefullshort', 'langconfig'));
            }
            if ($row->reason !== '') {
                $values['reason'] = get_string("reason_$row->reason", 'local_earlybell');
            }
            $shown[] = [
                'sentence' => get_string("did_$row->kind", 'local_earlybell', $values),
                'when' => userdate($row->timecreated),
                'text' => $texts ? (string) $row->text : '',
                'undone' => (bool) $row->timeundone,
                'pending' => $row->kind === 'message' && !$row->timesent && !$row->timeundone,
                'canundo' => $row->actorid == $USER->id && actions::can_undo($row, $now),
                'undourl' => (new \moodle_url('/local/earlybell/undo.php'))->out(false),
                'id' => (int) $row->id,
                'sesskey' => sesskey(),
            ];
        }
        return $shown;
    }
}
