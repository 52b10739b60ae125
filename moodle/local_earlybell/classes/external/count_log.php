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
use local_earlybell\local\raw_tables;

/**
 * How many rows the log has, by blocks of ids: whoever has read it before reads the blocks again that are not as they were.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class count_log extends external_api {
    /** The log. */
    private const LOG = 'logstore_standard_log';

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'block' => new external_value(PARAM_INT, 'How many ids a block has'),
            'start' => new external_value(PARAM_INT, 'Rows from this id on are counted', VALUE_DEFAULT, 0),
            'end' => new external_value(PARAM_INT, 'Rows before this id are counted; 0: none', VALUE_DEFAULT, 0),
            'courses' => new external_value(
                PARAM_SEQUENCE,
                'Rows of these courses alone, as the extract gives them: ids with commas between',
                VALUE_DEFAULT,
                ''
            ),
        ]);
    }

    /**
     * The ends of the log, and its blocks.
     *
     * @param int $block
     * @param int $start
     * @param int $end
     * @param string $courses
     * @return array
     */
    public static function execute(int $block, int $start = 0, int $end = 0, string $courses = ''): array {
        global $DB;
        $params = ['block' => $block, 'start' => $start, 'end' => $end, 'courses' => $courses];
        ['block' => $block, 'start' => $start, 'end' => $end, 'courses' => $courses] =
            self::validate_parameters(self::execute_parameters(), $params);
        extract::check();
        if ($block < 1) {
            throw new \invalid_parameter_exception("block: $block. It is 1 or more.");
        }
        $table = '{' . self::LOG . '}';
        $ends = $DB->get_record_sql("SELECT MIN(id) AS first, MAX(id) AS last FROM $table");
        return [
            'first' => (int) $ends->first,
            'last' => (int) $ends->last,
            'oldest' => (int) $DB->get_field_sql("SELECT MIN(timecreated) FROM $table WHERE timecreated > 0"),
            'blocks' => $end > $start ? self::blocks($block, $start, $end, $courses) : [],
        ];
    }

    /**
     * The blocks that have a row.
     *
     * @param int $block
     * @param int $start
     * @param int $end
     * @param string $courses
     * @return array[]
     */
    private static function blocks(int $block, int $start, int $end, string $courses): array {
        global $DB;
        $table = '{' . self::LOG . '}';
        $first = 'id - ' . $DB->sql_modulo('id', $block);
        [$where, $params] = $courses === '' ? ['', []] : raw_tables::within(self::LOG, array_map('intval', explode(',', $courses)));
        $blocks = "SELECT $first AS firstid, COUNT(*) AS amount, SUM(id) AS total, MAX(id) AS lastid FROM $table
                    WHERE id >= :start AND id < :end" . ($where === '' ? '' : " AND $where") . " GROUP BY $first";
        $rows = $DB->get_records_sql(
            "SELECT b.firstid, b.amount, b.total, b.lastid, l.userid, l.timecreated FROM ($blocks) b JOIN $table l ON l.id = b.lastid",
            $params + ['start' => $start, 'end' => $end]
        );
        return array_values(array_map(fn(\stdClass $row): array => [
            'first' => (int) $row->firstid,
            'rows' => (int) $row->amount,
            'total' => (int) $row->total,
            'last' => (int) $row->lastid,
            'userid' => (int) $row->userid,
            'timecreated' => (int) $row->timecreated,
        ], $rows));
    }

    /**
     * What it returns.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'first' => new external_value(PARAM_INT, 'The first id of the log; 0: it has no row'),
            'last' => new external_value(PARAM_INT, 'The last id of the log'),
            'oldest' => new external_value(PARAM_INT, 'The earliest time in the log'),
            'blocks' => new external_multiple_structure(new external_single_structure([
                'first' => new external_value(PARAM_INT, 'The id at which the block begins, a multiple of its ids'),
                'rows' => new external_value(PARAM_INT, 'How many rows it has'),
                'total' => new external_value(PARAM_INT, 'The sum of their ids'),
                'last' => new external_value(PARAM_INT, 'The last id'),
                'userid' => new external_value(PARAM_INT, 'Whose act that was'),
                'timecreated' => new external_value(PARAM_INT, 'When that was'),
            ])),
        ]);
    }
}
