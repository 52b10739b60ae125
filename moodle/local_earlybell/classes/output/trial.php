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

use local_earlybell\local\config;
use local_earlybell\local\trial as trials;

/**
 * How the trial of a course stands.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class trial implements \renderable, \templatable {
    /**
     * Of a course.
     *
     * @param \stdClass $course
     */
    public function __construct(
        /** @var \stdClass the course */
        private readonly \stdClass $course
    ) {
    }

    #[\Override]
    public function export_for_template(\renderer_base $output) {
        $courseid = (int) $this->course->id;
        $trial = trials::of($courseid);
        $counts = trials::counts($courseid);
        $people = new people($trial ? [(int) $trial->actorid] : []);
        $drawn = $counts->shown + $counts->heldout;
        return [
            'new' => !$trial,
            'running' => $trial && !$trial->timeended,
            'state' => $trial ? get_string($trial->timeended ? 'trial_ended' : 'trial_running', 'local_earlybell', [
                'actor' => $people->name((int) $trial->actorid),
                'started' => userdate($trial->timestarted),
                'ended' => userdate((int) $trial->timeended),
            ]) : '',
            'numbers' => $drawn ? get_string('trial_numbers', 'local_earlybell', (array) $counts) : '',
            'waiting' => $counts->waiting ? get_string('trial_waiting', 'local_earlybell', $counts->waiting) : '',
            'digest' => $drawn && config::is_complete() ? trials::digest($courseid, config::pseudonym()) : '',
            'url' => (new \moodle_url('/local/earlybell/trial.php', ['id' => $courseid]))->out(false),
            'backurl' => (new \moodle_url('/local/earlybell/view.php', ['id' => $courseid, 'tab' => 'trust']))->out(false),
            'sesskey' => sesskey(),
        ];
    }
}
