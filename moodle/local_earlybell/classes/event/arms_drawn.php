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
 * Learners of a course were drawn into the arms of its trial.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class arms_drawn extends trial_event {
    #[\Override]
    public static function get_name() {
        return get_string('event_arms_drawn', 'local_earlybell');
    }

    #[\Override]
    public function get_description() {
        return "{$this->other['learners']} learners were drawn. SHA-256 of all arms of the trial: {$this->other['digest']}.";
    }
}
