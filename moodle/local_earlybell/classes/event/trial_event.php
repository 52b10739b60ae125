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

namespace local_earlybell\event;

/**
 * What the events of a course's trial share.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class trial_event extends \core\event\base {
    #[\Override]
    protected function init() {
        $this->data['crud'] = 'c';
        $this->data['edulevel'] = self::LEVEL_OTHER;
        $this->data['objecttable'] = 'local_earlybell_trial';
    }

    #[\Override]
    public function get_url() {
        return new \moodle_url('/local/earlybell/trial.php', ['id' => $this->courseid]);
    }

    /**
     * A trial is of one course alone.
     *
     * @return array
     */
    public static function get_objectid_mapping() {
        return ['db' => 'local_earlybell_trial', 'restore' => self::NOT_MAPPED];
    }

    /**
     * Numbers and a digest.
     *
     * @return bool
     */
    public static function get_other_mapping() {
        return false;
    }
}
