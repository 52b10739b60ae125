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
use core_external\external_single_structure;
use core_external\external_value;
use local_earlybell\local\raw_tables;

/**
 * Rows of Moodle's tables, page by page, for extraction: ids, times and marks. No names, no addresses, no texts.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class extract extends external_api {
    /** Ids of a page at most. */
    private const MOST = 50000;

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'table' => new external_value(PARAM_ALPHANUMEXT, 'A table that local_earlybell_get_site lists'),
            'courses' => new external_value(PARAM_SEQUENCE, 'Rows of these courses: ids with commas between', VALUE_DEFAULT, ''),
            'afterid' => new external_value(PARAM_INT, 'Rows with greater ids only: the lastid of the page before', VALUE_DEFAULT, 0),
            'ids' => new external_value(PARAM_INT, 'How many ids the page spans, at most ' . self::MOST, VALUE_DEFAULT, 20000),
            'uptoid' => new external_value(PARAM_INT, 'Rows with ids up to this one only; 0: all', VALUE_DEFAULT, 0),
        ]);
    }

    /**
     * A page. It spans a number of ids, not of rows, so that each takes as long, however few rows of a large table are asked for.
     *
     * @param string $table
     * @param string $courses ids with commas between: of a list PHP would drop, without a word, what is over max_input_vars
     * @param int $afterid
     * @param int $ids
     * @param int $uptoid
     * @return array
     */
    public static function execute(
        string $table,
        string $courses = '',
        int $afterid = 0,
        int $ids = 20000,
        int $uptoid = 0
    ): array {
        global $DB;
        $params = ['table' => $table, 'courses' => $courses, 'afterid' => $afterid, 'ids' => $ids, 'uptoid' => $uptoid];
        ['table' => $table, 'courses' => $courses, 'afterid' => $afterid, 'ids' => $ids, 'uptoid' => $uptoid] =
            self::validate_parameters(self::execute_parameters(), $params);
        self::check();
        if (!in_array($table, raw_tables::present(), true)) {
            throw new \invalid_parameter_exception("table: $table. local_earlybell_get_site lists those that there are.");
        }
        if ($ids < 1 || $ids > self::MOST) {
            throw new \invalid_parameter_exception("ids: $ids. It lies from 1 to " . self::MOST . '.');
        }
        $columns = implode(' ', array_keys(raw_tables::columns($table)));
        $next = $DB->get_record_sql(
            "SELECT MIN(id) AS first, MAX(id) AS last FROM {{$table}} WHERE id > ? AND id <= ?",
            [$afterid, $uptoid ?: PHP_INT_MAX]
        );
        if ($next->first === null) {
            return ['columns' => $columns, 'rows' => '', 'lastid' => $afterid, 'more' => false];
        }
        $upto = min((int) $next->first + $ids - 1, (int) $next->last);
        return [
            'columns' => $columns,
            'rows' => raw_tables::csv($table, array_map('intval', explode(',', $courses)), $afterid, $upto),
            'lastid' => $upto,
            'more' => $upto < (int) $next->last,
        ];
    }

    /**
     * That the caller may extract.
     *
     * @throws \required_capability_exception
     */
    public static function check(): void {
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('local/earlybell:extract', $context);
    }

    /**
     * What it returns.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'columns' => new external_value(PARAM_RAW, 'The columns of the rows, with spaces between'),
            'rows' => new external_value(PARAM_RAW, 'A line of CSV each: nothing is NULL, two quotes are an empty text'),
            'lastid' => new external_value(PARAM_INT, 'The afterid of the next page'),
            'more' => new external_value(PARAM_BOOL, 'Whether there may be more rows'),
        ]);
    }
}
