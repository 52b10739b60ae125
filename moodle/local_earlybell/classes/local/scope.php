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
 * Which courses and whom the service is asked about.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class scope {
    /**
     * Whether the service is asked about a course at a moment: it is under way, and in a category that the site chose.
     *
     * @param \stdClass $course
     * @param int $now
     * @return bool
     */
    public static function has_course(\stdClass $course, int $now): bool {
        if ($course->id == SITEID || !$course->startdate || $course->startdate > $now || !empty($course->relativedatesmode)) {
            return false;
        }
        if ($course->enddate && $course->enddate <= $now) {
            return false;
        }
        return self::has_category((int) $course->category);
    }

    /**
     * The courses in scope.
     *
     * @param int $now
     * @return \stdClass[] by id
     */
    public static function courses(int $now): array {
        global $DB;
        $courses = $DB->get_records_select(
            'course',
            'id <> :site AND startdate > 0 AND startdate <= :now AND (enddate = 0 OR enddate > :later)',
            ['site' => SITEID, 'now' => $now, 'later' => $now],
            'id'
        );
        return array_filter($courses, fn(\stdClass $course): bool => self::has_course($course, $now));
    }

    /**
     * Whether a category, or one above it, was chosen; none chosen is all.
     *
     * @param int $categoryid
     * @return bool
     */
    private static function has_category(int $categoryid): bool {
        $chosen = array_filter(explode(',', config::text('categories')));
        if (!$chosen) {
            return true;
        }
        $category = \core_course_category::get($categoryid, IGNORE_MISSING, true);
        return $category && array_intersect($chosen, explode('/', $category->path));
    }

    /**
     * The learners of a course by Moodle's gradebook: an active enrolment and a role that is graded, and no role of staff.
     *
     * Whoever has opted out is not among them.
     *
     * @param int $courseid
     * @param int $now
     * @param int[]|null $userids of these only
     * @return int[] when each was enrolled, by user id
     */
    public static function learners(int $courseid, int $now, ?array $userids = null): array {
        global $CFG, $DB;
        $roles = array_filter(explode(',', (string) $CFG->gradebookroles));
        if (!$roles || $userids === []) {
            return [];
        }
        $contextids = \context_course::instance($courseid)->get_parent_context_ids(true);
        [$incontexts, $params] = $DB->get_in_or_equal($contextids, SQL_PARAMS_NAMED, 'cx');
        [$inroles, $roleparams] = $DB->get_in_or_equal($roles, SQL_PARAMS_NAMED, 'role');
        [$instaff, $staffparams] = $DB->get_in_or_equal(
            ['teacher', 'editingteacher', 'manager', 'coursecreator'],
            SQL_PARAMS_NAMED,
            'staff'
        );
        [$inalso, $alsoparams] = $DB->get_in_or_equal($contextids, SQL_PARAMS_NAMED, 'also');
        [$admins, $adminparams] = $DB->get_in_or_equal(explode(',', $CFG->siteadmins), SQL_PARAMS_NAMED, 'admin', false);
        $params += $roleparams + $staffparams + $alsoparams + $adminparams
            + ['courseid' => $courseid, 'of' => $courseid, 'start' => $now, 'end' => $now];
        $where = '';
        if ($userids !== null) {
            [$inusers, $userparams] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED, 'u');
            $where = "AND ue.userid $inusers";
            $params += $userparams;
        }
        return array_map('intval', $DB->get_records_sql_menu("
            SELECT ue.userid, MIN(CASE WHEN ue.timestart > 0 THEN ue.timestart ELSE ue.timecreated END) AS enrolledat
              FROM {user_enrolments} ue
              JOIN {enrol} e ON e.id = ue.enrolid AND e.courseid = :courseid AND e.status = 0
              JOIN {user} u ON u.id = ue.userid AND u.deleted = 0 AND u.suspended = 0 AND u.username <> 'guest'
             WHERE ue.status = 0 AND ue.timestart <= :start AND (ue.timeend = 0 OR ue.timeend > :end) $where
               AND u.id $admins
               AND EXISTS (SELECT 1 FROM {role_assignments} ra
                            WHERE ra.userid = ue.userid AND ra.contextid $incontexts AND ra.roleid $inroles)
               AND NOT EXISTS (SELECT 1 FROM {role_assignments} sa JOIN {role} r ON r.id = sa.roleid
                            WHERE sa.userid = ue.userid AND sa.contextid $inalso AND r.archetype $instaff)
               AND NOT EXISTS (SELECT 1 FROM {local_earlybell_optout} o WHERE o.courseid = :of AND o.userid = ue.userid)
          GROUP BY ue.userid", $params));
    }
}
