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
 * Tasks.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$tasks = [
    [
        'classname' => \local_earlybell\task\drain::class,
        'blocking' => 0, 'minute' => '*', 'hour' => '*', 'day' => '*', 'month' => '*', 'dayofweek' => '*',
    ],
    [
        'classname' => \local_earlybell\task\refresh::class,
        'blocking' => 0, 'minute' => 'R', 'hour' => '2', 'day' => '*', 'month' => '*', 'dayofweek' => '*',
    ],
    [
        'classname' => \local_earlybell\task\digest::class,
        'blocking' => 0, 'minute' => '*/10', 'hour' => '*', 'day' => '*', 'month' => '*', 'dayofweek' => '*',
    ],
    [
        'classname' => \local_earlybell\task\alert::class,
        'blocking' => 0, 'minute' => '*/5', 'hour' => '*', 'day' => '*', 'month' => '*', 'dayofweek' => '*',
    ],
    [
        'classname' => \local_earlybell\task\remind::class,
        'blocking' => 0, 'minute' => 'R', 'hour' => '*', 'day' => '*', 'month' => '*', 'dayofweek' => '*',
    ],
    [
        'classname' => \local_earlybell\task\cleanup::class,
        'blocking' => 0, 'minute' => 'R', 'hour' => '1', 'day' => '*', 'month' => '*', 'dayofweek' => '*',
    ],
];
