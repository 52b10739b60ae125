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
use local_earlybell\local\queue;
use local_earlybell\local\scope;

/**
 * Every night: mark the learners of all courses in scope. The drain asks about them, after whoever is urgent.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class refresh extends \core\task\scheduled_task {
    #[\Override]
    public function get_name() {
        return get_string('taskrefresh', 'local_earlybell');
    }

    #[\Override]
    public function execute() {
        global $DB;
        if (!config::is_complete()) {
            return;
        }
        $now = time();
        $marked = 0;
        $courses = scope::courses($now);
        foreach ($courses as $course) {
            // Those with a risk who are learners no longer are marked too: the drain forgets them.
            $userids = array_keys(scope::learners((int) $course->id, $now));
            $with = $DB->get_fieldset_select('local_earlybell_risk', 'userid', 'courseid = ?', [$course->id]);
            $userids = array_unique(array_merge($userids, $with));
            queue::mark_all((int) $course->id, $userids, $now);
            $marked += count($userids);
        }
        mtrace(sprintf('  %d learners of %d courses are marked', $marked, count($courses)));
    }
}
