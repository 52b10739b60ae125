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
 * Why the service gave no answer.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
enum failure: string {
    /** No address is set. */
    case notset = 'notset';
    /** Not an address of the form https://host. */
    case badaddress = 'badaddress';
    /** Moodle's block list names the host. */
    case blockedhost = 'blockedhost';
    /** Moodle's list of allowed ports lacks the port. */
    case blockedport = 'blockedport';
    /** The name does not resolve. */
    case unknownname = 'unknownname';
    /** Nothing listens there. */
    case refused = 'refused';
    /** The certificate is not to be trusted. */
    case certificate = 'certificate';
    /** No answer in time. */
    case timeout = 'timeout';
    /** Any other trouble on the way. */
    case network = 'network';
    /** 401 or 403. */
    case token = 'token';
    /** 429, 503 or 504: the service asks for patience. */
    case busy = 'busy';
    /** 413: the request is too large. */
    case toolarge = 'toolarge';
    /** 400: the service refuses this very request. */
    case request = 'request';
    /** Another server, or another version of it. */
    case version = 'version';
    /** 500, or an answer that is none. */
    case server = 'server';

    /**
     * Whether the request itself is at fault, so that others may well be answered.
     *
     * @return bool
     */
    public function is_of_request(): bool {
        return $this === self::toolarge || $this === self::request;
    }
}
