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
 * What the site says of itself, and which tables it has for the extract.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class get_site extends external_api {
    /**
     * Parameters: none.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([]);
    }

    /**
     * The site.
     *
     * @return array
     */
    public static function execute(): array {
        extract::check();
        $settings = raw_tables::settings();
        return [
            'site' => substr(hash('sha256', get_site_identifier()), 0, 32),
            'time' => time(),
            'settings' => array_map(fn(string $name): array => ['name' => $name, 'value' => $settings[$name]], array_keys($settings)),
            'tables' => array_map(
                fn(string $table): array => ['name' => $table, 'columns' => implode(' ', array_keys(raw_tables::columns($table)))],
                raw_tables::present()
            ),
        ];
    }

    /**
     * What it returns.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'site' => new external_value(PARAM_ALPHANUM, 'Tells sites apart: ids of another one, or of a restored one, are others'),
            'time' => new external_value(PARAM_INT, 'Now'),
            'settings' => new external_multiple_structure(new external_single_structure([
                'name' => new external_value(PARAM_RAW, 'As gradebookroles; of a plugin as tool_log/enabled_stores'),
                'value' => new external_value(PARAM_RAW, 'Its value; empty: not set'),
            ])),
            'tables' => new external_multiple_structure(new external_single_structure([
                'name' => new external_value(PARAM_ALPHANUMEXT, 'A table, without a prefix'),
                'columns' => new external_value(PARAM_RAW, 'Its columns as the extract gives them, with spaces between'),
            ])),
        ]);
    }
}
