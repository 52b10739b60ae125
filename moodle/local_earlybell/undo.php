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
 * Take back one's own action.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');

$id = required_param('action', PARAM_INT);
$row = $DB->get_record('local_earlybell_action', ['id' => $id], '*', MUST_EXIST);
$course = get_course($row->courseid);
$context = context_course::instance($course->id);
require_login($course);
require_sesskey();
require_capability('local/earlybell:act', $context);
\local_earlybell\local\access::require_learner($course, $context, (int) $row->userid);

$undone = \local_earlybell\local\actions::undo($id, (int) $USER->id, time());
redirect(
    new moodle_url('/local/earlybell/view.php', ['id' => $course->id]),
    get_string($undone ? 'undone' : 'notundone', 'local_earlybell'),
    null,
    $undone ? \core\output\notification::NOTIFY_SUCCESS : \core\output\notification::NOTIFY_WARNING
);
