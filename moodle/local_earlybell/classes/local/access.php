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

namespace local_earlybell\local;

/**
 * Whom of a course a teacher may see, by Moodle's groups.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class access {
    /**
     * The users to be shown: of the group that is chosen on the page, or of those that the teacher may see.
     *
     * @param \stdClass $course
     * @param \context_course $context
     * @param bool $chosen whether the group chosen on the page counts
     * @return int[]|null null for everybody
     */
    public static function userids(\stdClass $course, \context_course $context, bool $chosen = true): ?array {
        global $USER;
        $group = $chosen && groups_get_course_groupmode($course) != NOGROUPS ? (int) groups_get_course_group($course, true) : 0;
        return $group ? self::members([$group]) : self::userids_of($USER, $course, $context);
    }

    /**
     * The users whom a teacher may see.
     *
     * @param \stdClass $teacher
     * @param \stdClass $course
     * @param \context_course $context
     * @return int[]|null null for everybody
     */
    public static function userids_of(\stdClass $teacher, \stdClass $course, \context_course $context): ?array {
        $separate = groups_get_course_groupmode($course) == SEPARATEGROUPS;
        if (!$separate || has_capability('moodle/site:accessallgroups', $context, $teacher)) {
            return null;
        }
        return self::members(array_keys(groups_get_all_groups($course->id, $teacher->id, $course->defaultgroupingid)));
    }

    /**
     * A learner must be one of those.
     *
     * @param \stdClass $course
     * @param \context_course $context
     * @param int $userid
     */
    public static function require_learner(\stdClass $course, \context_course $context, int $userid): void {
        $userids = self::userids($course, $context, false);
        $learner = is_enrolled($context, $userid) || self::is_known((int) $course->id, $userid);
        if (!$learner || ($userids !== null && !in_array($userid, $userids))) {
            throw new \moodle_exception('notyourlearner', 'local_earlybell');
        }
    }

    /**
     * Whether something is stored about a user in a course.
     *
     * @param int $courseid
     * @param int $userid
     * @return bool
     */
    private static function is_known(int $courseid, int $userid): bool {
        global $DB;
        return $DB->record_exists('local_earlybell_action', ['courseid' => $courseid, 'userid' => $userid]);
    }

    /**
     * The members of groups.
     *
     * @param int[] $groupids
     * @return int[]
     */
    private static function members(array $groupids): array {
        global $DB;
        if (!$groupids) {
            return [];
        }
        [$ingroups, $params] = $DB->get_in_or_equal($groupids);
        return array_map('intval', $DB->get_fieldset_select('groups_members', 'DISTINCT userid', "groupid $ingroups", $params));
    }
}
