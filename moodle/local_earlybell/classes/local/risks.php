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
 * Stores what the service answered, and reads it for the pages.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class risks {
    /** Bands from the worst. */
    public const BANDS = ['high', 'medium', 'low', 'insufficient_evidence'];
    /** Of the attribution, so many effects are kept. */
    private const EFFECTS = 12;

    /**
     * Whether a risk has risen to the highest band: from another risk, not from too little evidence, and not by a new model.
     *
     * @param \stdClass $row of the table of risks
     * @param int $since after that
     * @return bool
     */
    public static function has_risen(\stdClass $row, int $since): bool {
        return $row->band === 'high' && in_array($row->bandbefore, ['medium', 'low'], true) && !$row->newmodel
            && $row->timeband > $since;
    }

    /**
     * Store the answer about learners of a course.
     *
     * @param int $courseid
     * @param array $answer of client::predict()
     * @param array $explained learners of client::explain(), by pseudonym
     * @param int[] $users user ids by pseudonym
     * @param int $now
     */
    public static function store(int $courseid, array $answer, array $explained, array $users, int $now): void {
        global $DB;
        $learners = array_column($answer['learners'], null, 'learner_id');
        $wanted = array_intersect_key($users, $learners);
        if ($wanted) {
            [$inusers, $params] = $DB->get_in_or_equal(array_values($wanted), SQL_PARAMS_NAMED);
            $params['courseid'] = $courseid;
            $rows = $DB->get_records_select('local_earlybell_risk', "courseid = :courseid AND userid $inusers", $params);
            $before = array_column($rows, null, 'userid');
            $week = self::week($now);
            $params['week'] = $week;
            $thisweek = $DB->get_records_select_menu(
                'local_earlybell_history',
                "courseid = :courseid AND week = :week AND userid $inusers",
                $params,
                '',
                'userid, id'
            );
            foreach ($wanted as $pseudonym => $userid) {
                $row = self::row($courseid, $userid, $learners[$pseudonym], $answer['model_version'], $before[$userid] ?? null, $now);
                $row->explained = isset($explained[$pseudonym]) ? self::explanation($explained[$pseudonym]) : null;
                self::save('local_earlybell_risk', $row, $before[$userid]->id ?? null);
                $past = (object) array_intersect_key(
                    (array) $row,
                    array_flip(['courseid', 'userid', 'risk', 'low', 'high', 'band', 'modelversion', 'timecreated'])
                );
                $past->week = $week;
                self::save('local_earlybell_history', $past, $thisweek[$userid] ?? null);
            }
        }
        self::store_course($courseid, [
            'timeanswered' => $now, 'failure' => '', 'detail' => null,
            'modelversion' => $answer['model_version'], 'note' => (string) ($answer['note'] ?? ''),
        ]);
    }

    /**
     * Store what is known of a course as a whole.
     *
     * @param int $courseid
     * @param array $fields
     */
    public static function store_course(int $courseid, array $fields): void {
        global $DB;
        $id = $DB->get_field('local_earlybell_course', 'id', ['courseid' => $courseid]);
        self::save('local_earlybell_course', (object) (['courseid' => $courseid] + $fields), $id ?: null);
    }

    /**
     * What is known of a course as a whole.
     *
     * @param int $courseid
     * @return \stdClass
     */
    public static function course(int $courseid): \stdClass {
        global $DB;
        return $DB->get_record('local_earlybell_course', ['courseid' => $courseid]) ?: (object) [
            'courseid' => $courseid, 'timeanswered' => 0, 'timefailed' => 0, 'failure' => '', 'detail' => null,
            'modelversion' => '', 'note' => '', 'correction' => null,
        ];
    }

    /**
     * The correction of a course that is stored.
     *
     * @param int $courseid
     * @return array|null as in corrections.json
     */
    public static function correction(int $courseid): ?array {
        $stored = json_decode((string) self::course($courseid)->correction, true);
        return is_array($stored) ? $stored : null;
    }

    /**
     * Forget the risk of learners who are none of the course's any longer; the weekly history stays until it is too old.
     *
     * @param int $courseid
     * @param int[] $userids
     */
    public static function forget(int $courseid, array $userids): void {
        global $DB;
        if ($userids) {
            [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
            $DB->delete_records_select('local_earlybell_risk', "courseid = :courseid AND userid $inusers", $params + ['courseid' => $courseid]);
        }
    }

    /**
     * The start of a moment's week.
     *
     * @param int $time
     * @return int
     */
    public static function week(int $time): int {
        $day = (new \DateTimeImmutable("@$time"))->setTimezone(\core_date::get_server_timezone_object());
        return $day->modify('monday this week')->setTime(0, 0)->getTimestamp();
    }

    /**
     * The row of a learner.
     *
     * @param int $courseid
     * @param int $userid
     * @param array $learner
     * @param string $version
     * @param \stdClass|null $before
     * @param int $now
     * @return \stdClass
     */
    private static function row(int $courseid, int $userid, array $learner, string $version, ?\stdClass $before, int $now): \stdClass {
        $known = $learner['band'] !== 'insufficient_evidence';
        $row = (object) [
            'courseid' => $courseid,
            'userid' => $userid,
            'risk' => $known ? round($learner['risk'], 6) : null,
            'low' => $known ? round($learner['interval'][0], 6) : null,
            'high' => $known ? round($learner['interval'][1], 6) : null,
            'band' => $learner['band'],
            'correction' => round((float) ($learner['correction'] ?? 0), 6),
            'reasons' => json_encode($learner['reasons'] ?? []),
            'modelversion' => $version,
            'timecreated' => $now,
            'bandbefore' => $before->bandbefore ?? '',
            'timeband' => $before->timeband ?? $now,
            'newmodel' => $before->newmodel ?? 0,
        ];
        if ($before && $before->band !== $row->band) {
            $row->bandbefore = $before->band;
            $row->timeband = $now;
            $row->newmodel = (int) ($before->modelversion !== $version);
        }
        return $row;
    }

    /**
     * What is kept of an explanation: the strongest effects, and the smallest change.
     *
     * @param array $learner
     * @return string JSON
     */
    private static function explanation(array $learner): string {
        $effects = $learner['effects'] ?? [];
        usort($effects, fn(array $a, array $b): int => abs($b['effect']) <=> abs($a['effect']));
        $effects = array_filter(array_slice($effects, 0, self::EFFECTS), fn(array $effect): bool => $effect['effect'] != 0);
        return json_encode(['effects' => array_values($effects), 'counterfactual' => $learner['counterfactual'] ?? null]);
    }

    /**
     * Insert or update.
     *
     * @param string $table
     * @param \stdClass $row
     * @param int|null $id
     */
    private static function save(string $table, \stdClass $row, ?int $id): void {
        global $DB;
        if ($id) {
            $row->id = $id;
            $DB->update_record($table, $row);
        } else {
            $DB->insert_record($table, $row, false);
        }
    }
}
