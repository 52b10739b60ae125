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
 * What is sent of a course run: the canonical tables by columns, with pseudonyms in the place of users.
 *
 * It needs nothing of Moodle, so that the request's schema is tested without one.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class payload {
    /** Columns of each table but `courses`; `userid` is sent as `learner_id`, a pseudonym. */
    public const TABLES = [
        'enrolments' => ['userid', 'enrolled_at', 'unenrolled_at', 'prior_attempts'],
        'events' => ['userid', 'occurred_at', 'component', 'action', 'target', 'object_id', 'count'],
        'assessments' => ['assessment_id', 'kind', 'role', 'due_at', 'weight', 'max_score'],
        'extensions' => ['assessment_id', 'userid', 'due_at', 'granted_at'],
        'submissions' => ['assessment_id', 'userid', 'submitted_at', 'graded_at', 'attempt', 'score', 'duration_s'],
        'breaks' => ['starts_at', 'ends_at'],
    ];
    /** Columns of texts and ids that repeat. */
    private const REPEATED = ['learner_id', 'component', 'action', 'target', 'object_id'];
    /** Rows of a table, from which on these are sent by their categories. */
    private const MANY = 100;
    /** Columns of the course run. */
    public const COURSE = [
        'course_id', 'code', 'starts_at', 'ends_at', 'granularity', 'timezone', 'weekend', 'complete_from', 'complete_until',
    ];

    /**
     * A course run and rows of its learners.
     *
     * @param pseudonym $pseudonym
     * @param array $course by COURSE
     * @param array $rows for each of TABLES a list of rows, each by its columns
     * @param int $asof the moment
     * @param array|null $correction bundle, shift and doubt, if they are known
     * @param string $trial digest of the arms of a trial; empty for none
     */
    public function __construct(
        /** @var pseudonym makes pseudonyms */
        private readonly pseudonym $pseudonym,
        /** @var array the course run */
        private readonly array $course,
        /** @var array rows by table */
        private readonly array $rows,
        /** @var int the moment */
        private readonly int $asof,
        /** @var array|null bundle, shift and doubt */
        private readonly ?array $correction = null,
        /** @var string digest of the arms of a trial */
        private readonly string $trial = ''
    ) {
    }

    /**
     * The body of a request about some of the learners.
     *
     * @param int[]|null $userids all if null
     * @return string JSON
     */
    public function body(?array $userids = null): string {
        $instance = ['as_of' => $this->asof];
        if ($this->correction !== null) {
            $instance['correction'] = [
                'bundle' => (string) $this->correction['bundle'],
                'shift' => (float) $this->correction['shift'],
            ] + array_filter(['doubt' => (string) ($this->correction['doubt'] ?? '')]);
        }
        if ($this->trial !== '') {
            $instance['trial'] = $this->trial;
        }
        foreach (self::COURSE as $column) {
            $instance['courses'][$column] = [$this->course[$column] ?? null];
        }
        $wanted = $userids === null ? null : array_fill_keys($userids, true);
        foreach (self::TABLES as $table => $columns) {
            $instance[$table] = $this->columns($table, $columns, $wanted);
        }
        return json_encode(['instances' => [$instance]], JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION | JSON_UNESCAPED_SLASHES);
    }

    /**
     * Whose pseudonym is whose.
     *
     * @return int[] user ids by pseudonym
     */
    public function users(): array {
        $users = [];
        foreach ($this->rows['enrolments'] as $row) {
            $users[$this->pseudonym->of($row['userid'])] = (int) $row['userid'];
        }
        return $users;
    }

    /**
     * The columns of a table.
     *
     * @param string $table
     * @param string[] $columns
     * @param array|null $wanted users as keys
     * @return array
     */
    private function columns(string $table, array $columns, ?array $wanted): array {
        $sent = [];
        foreach ($columns as $column) {
            $sent[$column === 'userid' ? 'learner_id' : $column] = [];
        }
        $ofusers = in_array('userid', $columns, true);
        foreach ($this->rows[$table] ?? [] as $row) {
            if ($ofusers && $wanted !== null && !isset($wanted[$row['userid']])) {
                continue;
            }
            foreach ($columns as $column) {
                if ($column === 'userid') {
                    $sent['learner_id'][] = $this->pseudonym->of($row['userid']);
                } else {
                    $sent[$column][] = $row[$column] ?? null;
                }
            }
        }
        foreach (array_intersect(self::REPEATED, array_keys($sent)) as $column) {
            $sent[$column] = $this->coded($sent[$column]);
        }
        return $sent;
    }

    /**
     * Values that repeat: each once, and of each row which of them it has. So a class is a third of the bytes.
     *
     * @param array $values texts, integers and nulls
     * @return array as they are, where they are few or hardly repeat
     */
    private function coded(array $values): array {
        if (count($values) < self::MANY) {
            return $values;
        }
        $places = $categories = $codes = [];
        foreach ($values as $value) {
            $key = $value ?? "\0";
            if (!isset($places[$key])) {
                $places[$key] = count($categories);
                $categories[] = $value;
            }
            $codes[] = $places[$key];
        }
        return 2 * count($categories) > count($values) ? $values : ['categories' => $categories, 'codes' => $codes];
    }
}
