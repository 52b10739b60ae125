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
 * Backup.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Backup of what was done about the learners of a course. Risks are not in it: in another run they would be wrong.
 */
class backup_local_earlybell_plugin extends backup_local_plugin {
    /**
     * What a course's backup holds; nothing without its users.
     *
     * @return backup_plugin_element
     */
    protected function define_course_plugin_structure() {
        $plugin = $this->get_plugin_element();
        $wrapper = new backup_nested_element($this->get_recommended_name());
        $actions = new backup_nested_element('actions');
        $action = new backup_nested_element('action', ['id'], ['userid', 'actorid', 'kind', 'reason', 'text', 'band', 'risk',
            'timedue', 'timeundone', 'timesent', 'timecreated']);
        $optouts = new backup_nested_element('optouts');
        $optout = new backup_nested_element('optout', ['id'], ['userid', 'timecreated']);
        $plugin->add_child($wrapper);
        $wrapper->add_child($actions);
        $actions->add_child($action);
        $wrapper->add_child($optouts);
        $optouts->add_child($optout);
        if ($this->get_setting_value('users')) {
            $action->set_source_sql("SELECT * FROM {local_earlybell_action} WHERE courseid = ? AND kind <> 'undo' AND timeundone = 0", [
                backup::VAR_COURSEID,
            ]);
            $action->annotate_ids('user', 'userid');
            $action->annotate_ids('user', 'actorid');
            $optout->set_source_table('local_earlybell_optout', ['courseid' => backup::VAR_COURSEID]);
            $optout->annotate_ids('user', 'userid');
        }
        return $plugin;
    }
}
