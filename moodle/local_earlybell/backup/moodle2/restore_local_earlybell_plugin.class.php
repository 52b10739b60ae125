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
 * Restore.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Restore of what was done about the learners of a course, on the site where it was done.
 *
 * Messages that had not gone do not go again: whoever restores a course does not mean to write to anybody.
 */
class restore_local_earlybell_plugin extends restore_local_plugin {
    /**
     * Paths to handle.
     *
     * @return restore_path_element[]
     */
    protected function define_course_plugin_structure() {
        return [
            new restore_path_element('earlybell_action', $this->get_pathfor('/actions/action')),
            new restore_path_element('earlybell_optout', $this->get_pathfor('/optouts/optout')),
        ];
    }

    /**
     * An action.
     *
     * @param array $data
     */
    public function process_earlybell_action($data) {
        global $DB;
        $data = (object) $data;
        unset($data->id);
        $data->courseid = $this->task->get_courseid();
        $data->userid = $this->get_mappingid('user', $data->userid);
        $data->actorid = $this->get_mappingid('user', $data->actorid, 0);
        if ($data->kind === 'message' && !$data->timesent) {
            return;
        }
        if ($this->task->is_samesite() && $data->userid) {
            $DB->insert_record('local_earlybell_action', $data);
        }
    }

    /**
     * An opt-out holds on any site.
     *
     * @param array $data
     */
    public function process_earlybell_optout($data) {
        global $DB;
        $key = ['courseid' => $this->task->get_courseid(), 'userid' => $this->get_mappingid('user', $data['userid'])];
        if ($key['userid'] && !$DB->record_exists('local_earlybell_optout', $key)) {
            $DB->insert_record('local_earlybell_optout', $key + ['timecreated' => $data['timecreated']]);
        }
    }
}
