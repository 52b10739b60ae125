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
 * Navigation.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * The pages in the course's navigation: the teacher's, or the learner's own where the site lets learners see it.
 *
 * @param navigation_node $navigation
 * @param stdClass $course
 * @param context_course $context
 */
function local_earlybell_extend_navigation_course(navigation_node $navigation, stdClass $course, context_course $context): void {
    if ($course->id == SITEID) {
        return;
    }
    $icon = new pix_icon('i/stats', '');
    if (has_capability('local/earlybell:viewcourse', $context)) {
        $url = new moodle_url('/local/earlybell/view.php', ['id' => $course->id]);
        $name = get_string('learnersatrisk', 'local_earlybell');
        $navigation->add($name, $url, navigation_node::TYPE_SETTING, null, 'local_earlybell', $icon);
    } else if (get_config('local_earlybell', 'learnerview') && has_capability('local/earlybell:viewown', $context)) {
        $url = new moodle_url('/local/earlybell/mine.php', ['id' => $course->id]);
        $name = get_string('myprogress', 'local_earlybell');
        $navigation->add($name, $url, navigation_node::TYPE_SETTING, null, 'local_earlybell', $icon);
    }
}
