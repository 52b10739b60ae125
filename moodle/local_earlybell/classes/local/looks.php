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
 * Who of the staff looked at learners, in a table of the plugin's own: learners read it whatever becomes of Moodle's log.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class looks {
    /**
     * Somebody looks, at a learner or at the list of a course: an event, and a row. Who is logged in as another looks as themselves.
     *
     * @param \context_course $context
     * @param int $now
     * @param int $userid the learner; 0 for the list
     */
    public static function add(\context_course $context, int $now, int $userid = 0): void {
        global $DB;
        if ($userid) {
            \local_earlybell\event\learner_viewed::create(['context' => $context, 'relateduserid' => $userid])->trigger();
        } else {
            \local_earlybell\event\list_viewed::create(['context' => $context])->trigger();
        }
        $DB->insert_record('local_earlybell_look', [
            'courseid' => $context->instanceid,
            'userid' => $userid,
            'actorid' => \core\session\manager::get_realuser()->id,
            'timecreated' => $now,
        ]);
    }

    /**
     * Who looked at a learner, or at the list of the course, the latest first: of each day and what was looked at the latest look.
     *
     * @param int $courseid
     * @param int $userid
     * @param int $since
     * @return \stdClass[] with actorid, userid (0: the list) and timecreated
     */
    public static function at(int $courseid, int $userid, int $since): array {
        global $DB;
        $rows = $DB->get_recordset_select(
            'local_earlybell_look',
            'courseid = ? AND userid IN (0, ?) AND timecreated > ?',
            [$courseid, $userid, $since],
            'timecreated DESC, id DESC'
        );
        $latest = [];
        foreach ($rows as $row) {
            $latest["$row->actorid $row->userid " . userdate($row->timecreated, '%Y%m%d')] ??= $row;
        }
        $rows->close();
        return array_values($latest);
    }
}
