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
 * Data for Behat.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * Which data the steps of Behat can make.
 */
class behat_local_earlybell_generator extends behat_generator_base {
    #[\Override]
    protected function get_creatable_entities(): array {
        $ids = ['course' => 'courseid', 'user' => 'userid'];
        return [
            'risks' => [
                'singular' => 'risk', 'datagenerator' => 'risk', 'required' => ['course', 'user', 'risk', 'band'], 'switchids' => $ids,
            ],
            'trials' => [
                'singular' => 'trial', 'datagenerator' => 'trial', 'required' => ['course', 'user'], 'switchids' => $ids,
            ],
            'arms' => [
                'singular' => 'arm', 'datagenerator' => 'arm', 'required' => ['course', 'user', 'arm'], 'switchids' => $ids,
            ],
        ];
    }
}
