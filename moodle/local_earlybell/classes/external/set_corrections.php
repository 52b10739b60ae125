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

namespace local_earlybell\external;

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_earlybell\local\risks;

/**
 * Stores corrections.json, as the nightly prediction of the site has written it.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class set_corrections extends external_api {
    /** The bound of a shift, as the service has it. */
    private const BOUND = 1.0;

    /**
     * Parameters: the entries of corrections.json as they are.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters(['corrections' => new external_multiple_structure(new external_single_structure([
            'bundle' => new external_value(PARAM_ALPHANUM, 'Digest of the bundle, 64 hexadecimal digits'),
            'course_id' => new external_value(PARAM_RAW_TRIMMED, 'The course run: the id of the course in Moodle'),
            'as_of' => new external_value(PARAM_RAW_TRIMMED, 'The moment in UTC, as 2026-03-01T08:30:00'),
            'shift' => new external_value(PARAM_FLOAT, 'What is added to the log-odds of every risk, from -1 to 1'),
            'words' => new external_value(PARAM_TEXT, 'The same for teachers'),
            'doubt' => new external_value(PARAM_ALPHAEXT, 'Why nobody of the course gets a band; else empty', VALUE_DEFAULT, ''),
            'basis' => new external_value(PARAM_ALPHAEXT, 'earlier_runs, other_courses or none', VALUE_DEFAULT, 'none'),
            'runs' => new external_value(PARAM_INT, 'Of how many runs it comes', VALUE_DEFAULT, 0),
            'expected' => new external_value(PARAM_FLOAT, 'The share to be expected to fail or leave', VALUE_DEFAULT, null, NULL_ALLOWED),
            'mean_risk' => new external_value(PARAM_FLOAT, 'The mean risk before', VALUE_DEFAULT, null, NULL_ALLOWED),
            'corrected_risk' => new external_value(PARAM_FLOAT, 'The mean risk after', VALUE_DEFAULT, null, NULL_ALLOWED),
        ]))]);
    }

    /**
     * Store the latest correction of each course. An entry that is not later than the stored one changes nothing.
     *
     * @param array $corrections
     * @return array how many were stored, and the course ids that Moodle does not have
     */
    public static function execute(array $corrections): array {
        global $DB;
        ['corrections' => $corrections] = self::validate_parameters(self::execute_parameters(), ['corrections' => $corrections]);
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('local/earlybell:setcorrections', $context);
        $latest = [];
        foreach ($corrections as $correction) {
            $correction['time'] = self::check($correction);
            $id = $correction['course_id'];
            if (!isset($latest[$id]) || $latest[$id]['time'] < $correction['time']) {
                $latest[$id] = $correction;
            }
        }
        $stored = 0;
        $unknown = [];
        foreach ($latest as $id => $correction) {
            if (!preg_match('~^\d{1,10}$~', (string) $id) || !$DB->record_exists('course', ['id' => $id])) {
                $unknown[] = (string) $id;
                continue;
            }
            $before = risks::correction((int) $id);
            if (!$before || $before['time'] < $correction['time']) {
                risks::store_course((int) $id, ['correction' => json_encode($correction)]);
                $stored++;
            }
        }
        return ['stored' => $stored, 'unknown' => $unknown];
    }

    /**
     * An entry must be one that the service takes.
     *
     * @param array $correction
     * @return int its moment
     */
    private static function check(array $correction): int {
        if (!preg_match('~^[0-9a-f]{64}$~', $correction['bundle'])) {
            throw new \invalid_parameter_exception("bundle: $correction[bundle]. It has 64 hexadecimal digits.");
        }
        if (abs($correction['shift']) > self::BOUND || is_nan($correction['shift'])) {
            throw new \invalid_parameter_exception("shift: $correction[shift]. It lies from -1 to 1.");
        }
        $pattern = '~^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|\+00:00)?$~';
        $time = preg_match($pattern, $correction['as_of']) ? strtotime(rtrim($correction['as_of'], 'Z') . ' UTC') : false;
        if (preg_match('~\+00:00$~', $correction['as_of'])) {
            $time = strtotime($correction['as_of']);
        }
        if ($time === false) {
            throw new \invalid_parameter_exception("as_of: $correction[as_of]. It is a time in UTC, as 2026-03-01T08:30:00.");
        }
        return $time;
    }

    /**
     * What it returns.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'stored' => new external_value(PARAM_INT, 'How many courses have a new correction'),
            'unknown' => new external_multiple_structure(new external_value(PARAM_RAW, 'A course that is not in this Moodle')),
        ]);
    }
}
