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

use local_earlybell\local\config;
use local_earlybell\local\queue;

/**
 * What events do: they mark a learner. Whether the learner is one, and the course in scope, is asked when the mark is taken.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class observer {
    /**
     * A learner acted.
     *
     * @param \core\event\base $event
     */
    public static function learner_acted(\core\event\base $event): void {
        global $USER;
        if ($event instanceof \core\event\course_viewed) {
            // The access of the session before; user_lastaccess holds this one already.
            $before = $USER->lastcourseaccess[$event->courseid] ?? 0;
            if ($before > time() - DAYSECS) {
                return;
            }
        }
        self::mark((int) $event->courseid, (int) $event->userid);
    }

    /**
     * Something was done for a learner.
     *
     * @param \core\event\base $event
     */
    public static function learner_concerned(\core\event\base $event): void {
        self::mark((int) $event->courseid, (int) $event->relateduserid);
    }

    /**
     * Mark.
     *
     * @param int $courseid
     * @param int $userid
     */
    private static function mark(int $courseid, int $userid): void {
        if ($courseid > 0 && $courseid != SITEID && $userid > 0 && !isguestuser($userid) && config::is_complete()) {
            queue::mark($courseid, $userid, time());
        }
    }
}
