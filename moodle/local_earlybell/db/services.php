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

/**
 * Web service functions, and the two services that they are for.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$functions = [
    'local_earlybell_count_log' => [
        'classname' => \local_earlybell\external\count_log::class,
        'description' => 'How many rows the log has, by blocks of ids: which of them are not as they were when they were read.',
        'type' => 'read',
        'capabilities' => 'local/earlybell:extract',
    ],
    'local_earlybell_extract' => [
        'classname' => \local_earlybell\external\extract::class,
        'description' => 'Rows of the tables that extraction reads, page by page: ids, times and marks, no names.',
        'type' => 'read',
        'capabilities' => 'local/earlybell:extract',
    ],
    'local_earlybell_get_site' => [
        'classname' => \local_earlybell\external\get_site::class,
        'description' => 'What the site says of itself, and which tables it has for the extract.',
        'type' => 'read',
        'capabilities' => 'local/earlybell:extract',
    ],
    'local_earlybell_set_corrections' => [
        'classname' => \local_earlybell\external\set_corrections::class,
        'description' => 'Store the latest correction of each course, from corrections.json.',
        'type' => 'write',
        'capabilities' => 'local/earlybell:setcorrections',
    ],
];
$services = [
    'Earlybell extract' => [
        'functions' => [
            'core_webservice_get_site_info',
            'local_earlybell_count_log',
            'local_earlybell_get_site',
            'local_earlybell_extract',
        ],
        'shortname' => 'local_earlybell_extract',
        'requiredcapability' => 'local/earlybell:extract',
        'restrictedusers' => 1,
        'enabled' => 1,
    ],
    'Earlybell corrections' => [
        'functions' => ['local_earlybell_set_corrections'],
        'shortname' => 'local_earlybell_corrections',
        'requiredcapability' => 'local/earlybell:setcorrections',
        'restrictedusers' => 1,
        'enabled' => 1,
    ],
];
