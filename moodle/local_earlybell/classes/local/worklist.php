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
 * Whom the staff look at first, as many as they can see: by risk, then by the lower end of the range, then by id.
 *
 * Nobody is ranked who has too little evidence, a low risk, or was snoozed or dismissed; nobody is known who is held out in a trial. Of those chosen, work that is due soon and
 * not handed in comes first.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class worklist {
    /** @var \stdClass[] chosen: rows of risks with work (a list), soon and missed (work or null) */
    public array $chosen = [];
    /** @var \stdClass[] rows without enough evidence, by user */
    public array $insufficient = [];
    /** @var int how many learners have an answer */
    public int $total = 0;
    /** @var int how many more are of the band high or medium, and neither chosen nor put aside */
    public int $more = 0;
    /** @var bool whether the service used the correction of the course for any risk */
    public bool $corrected = false;
    /** @var \stdClass[] who was snoozed or dismissed: the action that did it, by user */
    public array $aside = [];
    /** @var \stdClass[] all actions of the learners, the latest first */
    public array $actions = [];

    /**
     * Of a course.
     *
     * @param \stdClass $course
     * @param int[]|null $userids of these only
     * @param int $now
     */
    public function __construct(\stdClass $course, ?array $userids, int $now) {
        global $DB;
        $rows = array_column($DB->get_records('local_earlybell_risk', ['courseid' => $course->id]), null, 'userid');
        if ($userids !== null) {
            $rows = array_intersect_key($rows, array_flip($userids));
        }
        $rows = array_diff_key($rows, trial::held_out((int) $course->id));
        $this->total = count($rows);
        $this->corrected = (bool) array_filter(array_column($rows, 'correction'), fn($value): bool => (float) $value != 0);
        $this->actions = array_filter(actions::of((int) $course->id), fn(\stdClass $row): bool => isset($rows[$row->userid]));
        $this->aside = $this->put_aside($rows, $now);
        $ranked = [];
        foreach ($rows as $userid => $row) {
            if ($row->band === 'insufficient_evidence') {
                $this->insufficient[$userid] = $row;
            } else if ($row->band !== 'low' && !isset($this->aside[$userid])) {
                $ranked[$userid] = $row;
            }
        }
        uasort($ranked, fn(\stdClass $a, \stdClass $b): int => [$b->risk, $b->low, $a->userid] <=> [$a->risk, $a->low, $b->userid]);
        $places = config::capacity($this->total);
        $this->more = max(0, count($ranked) - $places);
        $this->chosen = array_slice($ranked, 0, $places, true);
        $work = work::of($course, array_keys($this->chosen), $now);
        foreach ($this->chosen as $userid => $row) {
            $row->work = $work[$userid];
            $row->soon = work::due_soon($row->work);
            $row->missed = work::missed($row->work);
        }
        // The sort is stable: within both parts the order by risk stays.
        uasort($this->chosen, fn(\stdClass $a, \stdClass $b): int => ($b->soon !== null) <=> ($a->soon !== null));
    }

    /**
     * Whose latest action puts them aside: a snooze until its time, a dismissal until the band rises or it is too old.
     *
     * @param \stdClass[] $rows
     * @param int $now
     * @return \stdClass[] actions by user
     */
    private function put_aside(array $rows, int $now): array {
        $aside = [];
        $rank = array_flip(array_reverse(risks::BANDS));
        foreach ($this->actions as $action) {
            if ($action->timeundone || isset($aside[$action->userid])) {
                continue;
            }
            $band = $rows[$action->userid]->band;
            if ($action->kind === 'snooze' && $action->timedue > $now) {
                $aside[$action->userid] = $action;
            } else if (in_array($action->kind, ['dismiss', 'wrong'], true)) {
                $old = $action->timecreated < $now - actions::DISMISSED * DAYSECS;
                $rose = $rank[$band] > ($rank[$action->band] ?? 0);
                if (!$old && !$rose) {
                    $aside[$action->userid] = $action;
                }
            }
        }
        return $aside;
    }
}
