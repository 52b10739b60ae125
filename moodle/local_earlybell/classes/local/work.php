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
 * The work of a course with a deadline, and what of it each learner has handed in.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class work {
    /** Seconds in which work is due soon. */
    private const SOON = WEEKSECS;

    /**
     * The work of learners, by user, in the order of the deadlines.
     *
     * @param \stdClass $course
     * @param int[] $userids
     * @param int $now
     * @return array lists of \stdClass: name, url, cmid, module, due, submitted (0: not), score, max, extended, state
     */
    public static function of(\stdClass $course, array $userids, int $now): array {
        $byuser = array_fill_keys($userids, []);
        if (!$userids) {
            return $byuser;
        }
        $reader = new course_reader($course, $now);
        $items = array_column($reader->assessments(), null, 'assessmentid');
        $later = $handedin = [];
        foreach ($reader->extensions($userids) as $row) {
            $later[$row['assessment_id']][$row['userid']] = $row['due_at'];
        }
        foreach ($reader->submissions($userids) as $row) {
            $handedin[$row['assessment_id']][$row['userid']] = $row;
        }
        $modinfo = get_fast_modinfo($course);
        foreach ($items as $id => $item) {
            if (!$item->cmid || !isset($modinfo->cms[$item->cmid])) {
                continue;
            }
            $cm = $modinfo->cms[$item->cmid];
            foreach (self::whose($cm, $userids) as $userid) {
                $due = $later[$id][$userid] ?? $item->due;
                $row = $handedin[$id][$userid] ?? null;
                if ($due || $row) {
                    $byuser[$userid][] = (object) [
                        'name' => $cm->get_formatted_name(),
                        'url' => $cm->url ? $cm->url->out(false) : '',
                        'cmid' => $item->cmid,
                        'module' => $item->module,
                        'due' => $due,
                        'submitted' => $row['submitted_at'] ?? 0,
                        'score' => $row['score'] ?? null,
                        'max' => $item->max,
                        'extended' => $item->due && $due > $item->due,
                        'state' => self::state($due, $row['submitted_at'] ?? 0, $now),
                    ];
                }
            }
        }
        foreach ($byuser as &$list) {
            usort($list, fn(\stdClass $a, \stdClass $b): int => ($a->due ?: PHP_INT_MAX) <=> ($b->due ?: PHP_INT_MAX));
        }
        return $byuser;
    }

    /**
     * The work that is due soonest and not handed in.
     *
     * @param \stdClass[] $list
     * @return \stdClass|null
     */
    public static function due_soon(array $list): ?\stdClass {
        foreach ($list as $item) {
            if ($item->state === 'soon') {
                return $item;
            }
        }
        return null;
    }

    /**
     * The latest work that was missed.
     *
     * @param \stdClass[] $list
     * @return \stdClass|null
     */
    public static function missed(array $list): ?\stdClass {
        $missed = array_filter($list, fn(\stdClass $item): bool => $item->state === 'missed');
        return $missed ? end($missed) : null;
    }

    /**
     * Who can get at an activity.
     *
     * @param \cm_info $cm
     * @param int[] $userids
     * @return int[]
     */
    private static function whose(\cm_info $cm, array $userids): array {
        if (!$cm->availability) {
            return $userids;
        }
        $users = [];
        foreach ($userids as $userid) {
            $users[$userid] = (object) ['id' => $userid];
        }
        return array_keys((new \core_availability\info_module($cm))->filter_user_list($users));
    }

    /**
     * What is to be said of a piece of work.
     *
     * @param int $due
     * @param int $submitted
     * @param int $now
     * @return string done, late, missed, soon or open
     */
    private static function state(int $due, int $submitted, int $now): string {
        if ($submitted) {
            return $due && $submitted > $due ? 'late' : 'done';
        }
        return $due <= $now ? 'missed' : ($due <= $now + self::SOON ? 'soon' : 'open');
    }
}
