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
 * Asks Moodle's HTTP security about one part of an address at a time. It changes and loosens nothing.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class http_security extends \core\files\curl_security_helper {
    /**
     * The line of the block list that an address or a name is blocked by.
     *
     * @param string $host
     * @param string[] $addresses that it resolves to
     * @return string|null null if it is not blocked
     */
    public function blocking_line(string $host, array $addresses): ?string {
        // Of an address Moodle looks up the name too: 127.0.0.1 may be blocked as localhost.
        $names = in_array($host, $addresses, true) ? array_filter([gethostbyaddr($host)]) : [$host];
        foreach ($this->get_blocked_hosts() as $line) {
            foreach ($addresses as $address) {
                if (address_in_subnet($address, $line, true)) {
                    return $line;
                }
            }
            foreach ($names as $name) {
                if (\core\ip_utils::is_domain_in_allowed_list($name, [$line])) {
                    return $line;
                }
            }
        }
        return null;
    }

    /**
     * Whether a port is not among those allowed.
     *
     * @param int $port
     * @return bool
     */
    public function blocks_port(int $port): bool {
        return $this->port_is_blocked($port);
    }
}
