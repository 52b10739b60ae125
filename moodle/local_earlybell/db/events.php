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
 * Observers. They mark a learner, after the commit of whatever was done, and do nothing else.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$observers = [];
// What a learner did: the user of the event.
foreach ([
    '\mod_quiz\event\attempt_submitted',
    '\mod_assign\event\assessable_submitted',
    '\mod_workshop\event\submission_created',
    '\mod_lesson\event\lesson_ended',
    '\mod_forum\event\post_created',
    '\mod_forum\event\discussion_created',
    '\core\event\course_viewed',
] as $eventname) {
    $observers[] = ['eventname' => $eventname, 'callback' => '\local_earlybell\observer::learner_acted', 'internal' => false];
}
// What was done for a learner: the related user of the event.
foreach ([
    '\core\event\user_graded',
    '\mod_assign\event\extension_granted',
    '\mod_assign\event\user_override_created',
    '\mod_quiz\event\user_override_created',
    '\core\event\user_enrolment_created',
    '\core\event\user_enrolment_updated',
    '\core\event\user_enrolment_deleted',
] as $eventname) {
    $observers[] = ['eventname' => $eventname, 'callback' => '\local_earlybell\observer::learner_concerned', 'internal' => false];
}
