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
 * A trial in a course: the learners are drawn into two arms, and the staff are not shown the estimates of one of them.
 *
 * Learners are drawn in blocks of neighbours by risk, once. The digest of all arms goes along with requests, and an arm is
 * used only after the service has kept that digest in its audit trail. Nobody who is exempt is drawn, or held out any longer.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class trial {
    /** The arm that is shown to the staff. */
    public const SHOWN = 'shown';
    /** The arm that is not. */
    public const HELD_OUT = 'held_out';
    /** Learners of a block, half of them of each arm. */
    private const BLOCK = 4;
    /** Bands by which the staff would look at a learner. */
    private const FLAGGED = ['high', 'medium'];

    /**
     * The trial of a course, whether it has ended or not.
     *
     * @param int $courseid
     * @return \stdClass|null
     */
    public static function of(int $courseid): ?\stdClass {
        global $DB;
        return $DB->get_record('local_earlybell_trial', ['courseid' => $courseid]) ?: null;
    }

    /**
     * Whether a trial runs in a course: the site allows trials, and it has begun and not ended.
     *
     * @param int $courseid
     * @return bool
     */
    public static function runs(int $courseid): bool {
        $trial = config::on('trial') ? self::of($courseid) : null;
        return $trial && !$trial->timeended;
    }

    /**
     * Begin. A trial that has ended is not begun again: what was shown since cannot be unseen.
     *
     * @param int $courseid
     * @param int $actorid who begins it
     * @param int $now
     * @return bool whether it has begun
     */
    public static function start(int $courseid, int $actorid, int $now): bool {
        global $DB;
        if (!config::on('trial') || self::of($courseid)) {
            return false;
        }
        $row = ['courseid' => $courseid, 'actorid' => $actorid, 'timestarted' => $now, 'timeended' => 0];
        $id = $DB->insert_record('local_earlybell_trial', $row);
        self::log(\local_earlybell\event\trial_started::class, $courseid, $id, $actorid);
        // Whoever is asked about next takes the digest of the arms along.
        queue::mark_all($courseid, array_keys(scope::learners($courseid, $now)), $now);
        return true;
    }

    /**
     * End: from now on everybody is shown.
     *
     * @param int $courseid
     * @param int $actorid who ends it
     * @param int $now
     * @return bool whether it has ended
     */
    public static function end(int $courseid, int $actorid, int $now): bool {
        global $DB;
        $trial = self::of($courseid);
        if (!$trial || $trial->timeended) {
            return false;
        }
        $DB->set_field('local_earlybell_trial', 'timeended', $now, ['id' => $trial->id]);
        self::log(\local_earlybell\event\trial_ended::class, $courseid, (int) $trial->id, $actorid);
        return true;
    }

    /**
     * Whose estimates the staff are not shown at this moment.
     *
     * @param int $courseid
     * @return int[] by user id
     */
    public static function held_out(int $courseid): array {
        global $DB;
        if (!self::runs($courseid)) {
            return [];
        }
        $userids = array_map('intval', $DB->get_records_select_menu(
            'local_earlybell_arm',
            'courseid = ? AND arm = ? AND timerecorded > 0 AND timeexempt = 0',
            [$courseid, self::HELD_OUT],
            'userid',
            'userid, userid AS held'
        ));
        return array_diff_key($userids, self::exempt($courseid, $userids));
    }

    /**
     * Draw whoever has no arm yet, in the order of their risk; of those with an arm, note who has become exempt.
     *
     * @param int $courseid
     * @param pseudonym $pseudonym
     * @param int $now
     * @return string the digest of all arms; empty without a trial that runs, or without arms
     */
    public static function draw(int $courseid, pseudonym $pseudonym, int $now): string {
        global $DB;
        if (!self::runs($courseid)) {
            return '';
        }
        $arms = $DB->get_records('local_earlybell_arm', ['courseid' => $courseid], 'block, id', 'userid, block, arm, timeexempt');
        $learners = array_keys(scope::learners($courseid, $now));
        $exempt = self::exempt($courseid, array_merge($learners, array_keys($arms)));
        foreach (array_intersect_key($arms, $exempt) as $userid => $row) {
            if (!$row->timeexempt) {
                $DB->set_field('local_earlybell_arm', 'timeexempt', $now, ['courseid' => $courseid, 'userid' => $userid]);
            }
        }
        $new = array_diff($learners, array_keys($arms), array_keys($exempt));
        if ($new) {
            $rows = self::drawn(self::by_risk($courseid, $new), array_values($arms));
            foreach ($rows as &$row) {
                $row += ['courseid' => $courseid, 'timedrawn' => $now, 'timerecorded' => 0, 'timeflagged' => 0, 'timeexempt' => 0];
            }
            $DB->insert_records('local_earlybell_arm', $rows);
            $other = ['learners' => count($rows), 'digest' => self::digest($courseid, $pseudonym)];
            self::log(\local_earlybell\event\arms_drawn::class, $courseid, (int) self::of($courseid)->id, 0, $other);
        }
        return $arms || $new ? self::digest($courseid, $pseudonym) : '';
    }

    /**
     * The service has kept the digest that was sent: the arms are used from now on. Note who is flagged in either arm.
     *
     * @param int $courseid
     * @param array $answer of client::predict()
     * @param int[] $users user ids by pseudonym
     * @param int $now
     */
    public static function recorded(int $courseid, array $answer, array $users, int $now): void {
        global $DB;
        if (!$answer['learners']) {
            // The trail keeps a record of each learner who was answered: here there is none.
            return;
        }
        $DB->set_field('local_earlybell_arm', 'timerecorded', $now, ['courseid' => $courseid, 'timerecorded' => 0]);
        $flagged = array_filter($answer['learners'], fn(array $learner): bool => in_array($learner['band'], self::FLAGGED, true));
        $userids = array_intersect_key($users, array_column($flagged, null, 'learner_id'));
        if ($userids) {
            [$in, $params] = $DB->get_in_or_equal(array_values($userids), SQL_PARAMS_NAMED);
            $where = "courseid = :courseid AND timeflagged = 0 AND userid $in";
            $DB->set_field_select('local_earlybell_arm', 'timeflagged', $now, $where, $params + ['courseid' => $courseid]);
        }
    }

    /**
     * What there is to say of a trial in numbers.
     *
     * @param int $courseid
     * @return \stdClass shown, heldout, waiting, flagged and exempt
     */
    public static function counts(int $courseid): \stdClass {
        global $DB;
        $arms = $DB->get_records('local_earlybell_arm', ['courseid' => $courseid], '', 'userid, arm, timerecorded, timeflagged, timeexempt');
        $count = fn(callable $is): int => count(array_filter($arms, $is));
        return (object) [
            'shown' => $count(fn(\stdClass $row): bool => $row->arm === self::SHOWN),
            'heldout' => $count(fn(\stdClass $row): bool => $row->arm === self::HELD_OUT),
            'waiting' => $count(fn(\stdClass $row): bool => !$row->timerecorded),
            'flagged' => $count(fn(\stdClass $row): bool => (bool) $row->timeflagged),
            'exempt' => $count(fn(\stdClass $row): bool => (bool) $row->timeexempt),
        ];
    }

    /**
     * The digest of all arms of a course: SHA-256 of a line "pseudonym arm" for each learner, by pseudonym.
     *
     * @param int $courseid
     * @param pseudonym $pseudonym
     * @return string
     */
    public static function digest(int $courseid, pseudonym $pseudonym): string {
        global $DB;
        $lines = [];
        foreach ($DB->get_records('local_earlybell_arm', ['courseid' => $courseid], '', 'userid, arm') as $row) {
            $lines[] = $pseudonym->of($row->userid) . " $row->arm\n";
        }
        sort($lines, SORT_STRING);
        return hash('sha256', implode('', $lines));
    }

    /**
     * Arms for learners, after those that are drawn already: a block that is not full yet is filled first.
     *
     * @param int[] $userids in the order of the draw
     * @param \stdClass[] $before rows with block and arm, by block
     * @return array rows with userid, arm and block
     */
    private static function drawn(array $userids, array $before): array {
        $block = $before ? (int) end($before)->block : 0;
        $taken = array_column(array_filter($before, fn(\stdClass $row): bool => (int) $row->block === $block), 'arm');
        $left = self::remaining($taken);
        $rows = [];
        foreach ($userids as $userid) {
            if (!$left) {
                $block++;
                $left = self::remaining([]);
            }
            [$arm] = array_splice($left, random_int(0, count($left) - 1), 1);
            $rows[] = ['userid' => $userid, 'arm' => $arm, 'block' => $block];
        }
        return $rows;
    }

    /**
     * Which arms a block has left.
     *
     * @param string[] $taken
     * @return string[]
     */
    private static function remaining(array $taken): array {
        $left = [];
        foreach ([self::SHOWN, self::HELD_OUT] as $arm) {
            $of = count(array_keys($taken, $arm, true));
            $left = array_merge($left, array_fill(0, max(0, intdiv(self::BLOCK, 2) - $of), $arm));
        }
        return $left;
    }

    /**
     * Learners in the order of their risk, the greatest first, so that those of a block are alike.
     *
     * @param int $courseid
     * @param int[] $userids
     * @return int[]
     */
    private static function by_risk(int $courseid, array $userids): array {
        global $DB;
        $risks = $DB->get_records_menu('local_earlybell_risk', ['courseid' => $courseid], '', 'userid, risk');
        usort($userids, fn(int $a, int $b): int => [(float) ($risks[$b] ?? -1), $a] <=> [(float) ($risks[$a] ?? -1), $b]);
        return $userids;
    }

    /**
     * Who is never held out: by the site's settings, or because they contested an estimate or opted out.
     *
     * @param int $courseid
     * @param int[] $userids
     * @return array users as keys
     */
    private static function exempt(int $courseid, array $userids): array {
        global $DB;
        if (!$userids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal(array_unique($userids), SQL_PARAMS_NAMED, 'user');
        $ofcourse = $params + ['courseid' => $courseid];
        $exempt = [
            $DB->get_fieldset_select('local_earlybell_action', 'userid', "courseid = :courseid AND kind = 'contest' AND userid $in", $ofcourse),
            $DB->get_fieldset_select('local_earlybell_optout', 'userid', "courseid = :courseid AND userid $in", $ofcourse),
        ];
        if ($roles = array_filter(explode(',', config::text('trialexemptroles')))) {
            [$inroles, $roleparams] = $DB->get_in_or_equal($roles, SQL_PARAMS_NAMED, 'role');
            $contexts = \context_course::instance($courseid)->get_parent_context_ids(true);
            [$incontexts, $contextparams] = $DB->get_in_or_equal($contexts, SQL_PARAMS_NAMED, 'context');
            $where = "roleid $inroles AND contextid $incontexts AND userid $in";
            $exempt[] = $DB->get_fieldset_select('role_assignments', 'userid', $where, $params + $roleparams + $contextparams);
        }
        if ($cohorts = array_filter(explode(',', config::text('trialexemptcohorts')))) {
            [$incohorts, $cohortparams] = $DB->get_in_or_equal($cohorts, SQL_PARAMS_NAMED, 'cohort');
            $exempt[] = $DB->get_fieldset_select('cohort_members', 'userid', "cohortid $incohorts AND userid $in", $params + $cohortparams);
        }
        if ($field = config::text('trialexemptfield')) {
            $data = $DB->get_records_sql_menu("SELECT d.userid, d.data FROM {user_info_data} d JOIN {user_info_field} f ON f.id = d.fieldid
                WHERE f.shortname = :field AND d.userid $in", $params + ['field' => $field]);
            $exempt[] = array_keys(array_filter(array_map('trim', $data)));
        }
        return array_fill_keys(array_merge(...$exempt), true);
    }

    /**
     * Leave an event in Moodle's log.
     *
     * @param string $event class
     * @param int $courseid
     * @param int $id of the trial
     * @param int $actorid
     * @param array $other
     */
    private static function log(string $event, int $courseid, int $id, int $actorid, array $other = []): void {
        $event::create([
            'context' => \context_course::instance($courseid), 'objectid' => $id, 'userid' => $actorid, 'other' => $other,
        ])->trigger();
    }
}
