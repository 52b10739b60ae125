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

use GuzzleHttp\ClientInterface;
use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Exception\GuzzleException;
use Psr\Http\Message\ResponseInterface;

/**
 * Speaks to the service: one request, one answer or one service_exception. It never tries again by itself.
 *
 * It needs nothing of Moodle but what it is given: in Moodle that is \core\http_client, which asks Moodle's HTTP security.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class client {
    /** The name of the model, the same on every site. */
    public const MODEL = 'learner-risk';
    /** Bands that an answer may have. */
    public const BANDS = ['high', 'medium', 'low', 'insufficient_evidence'];
    /** Bytes from which on a body is compressed. */
    private const GZIP_FROM = 65536;
    /** What cURL's numbers mean to us. */
    private const CURL = [
        6 => failure::unknownname,
        7 => failure::refused,
        28 => failure::timeout,
        35 => failure::certificate,
        51 => failure::certificate,
        58 => failure::certificate,
        60 => failure::certificate,
        77 => failure::certificate,
    ];

    /**
     * A client of one address.
     *
     * @param ClientInterface $http
     * @param string $endpoint address up to host and port
     * @param string $token bearer token; empty for none
     * @param string $cafile PEM file of who signed the certificate; empty for the system's
     * @param float $connectseconds
     * @param float $seconds of a whole request
     */
    public function __construct(
        /** @var ClientInterface sends */
        private readonly ClientInterface $http,
        /** @var string address */
        private readonly string $endpoint,
        #[\SensitiveParameter]
        /** @var string token */
        private readonly string $token = '',
        /** @var string CA */
        private readonly string $cafile = '',
        /** @var float seconds */
        private readonly float $connectseconds = 3,
        /** @var float seconds */
        private readonly float $seconds = 30
    ) {
    }

    /**
     * The risks of the learners of a course run.
     *
     * @param string $body of payload::body()
     * @return array the answer to the one instance, and model_version
     * @throws service_exception
     */
    public function predict(string $body): array {
        return $this->ask('predict', $body);
    }

    /**
     * Why they have these risks.
     *
     * @param string $body of payload::body()
     * @return array the answer to the one instance, and model_version
     * @throws service_exception
     */
    public function explain(string $body): array {
        return $this->ask('explain', $body);
    }

    /**
     * What the model takes and gives, by its metadata.
     *
     * @return array
     * @throws service_exception
     */
    public function metadata(): array {
        return $this->decoded($this->send('GET', '/v2/models/' . self::MODEL), failure::version);
    }

    /**
     * Post a body to the model.
     *
     * @param string $verb predict or explain
     * @param string $body
     * @return array
     */
    private function ask(string $verb, string $body): array {
        $answer = $this->decoded($this->send('POST', '/v1/models/' . self::MODEL . ":$verb", $body), failure::server);
        $run = $answer['predictions'][0] ?? null;
        if (!is_array($run) || !is_array($run['learners'] ?? null)) {
            throw new service_exception(failure::server, 'an answer without predictions');
        }
        foreach ($run['learners'] as $learner) {
            self::check_learner($learner);
        }
        return ['model_version' => (string) ($answer['model_version'] ?? '')] + $run;
    }

    /**
     * What is said of one learner must be usable.
     *
     * @param mixed $learner
     */
    private static function check_learner(mixed $learner): void {
        $low = $learner['interval'][0] ?? null;
        $high = $learner['interval'][1] ?? null;
        foreach ([$learner['risk'] ?? null, $low, $high] as $value) {
            if (!(is_float($value) || is_int($value)) || $value < 0 || $value > 1) {
                throw new service_exception(failure::server, 'a risk that is no probability');
            }
        }
        if (!is_string($learner['learner_id'] ?? null) || !in_array($learner['band'] ?? null, self::BANDS, true)) {
            throw new service_exception(failure::server, 'a learner without an id or a band that is known');
        }
    }

    /**
     * Send one request.
     *
     * @param string $method
     * @param string $path
     * @param string|null $body
     * @return ResponseInterface with status 200
     */
    private function send(string $method, string $path, ?string $body = null): ResponseInterface {
        $headers = ['Accept' => 'application/json'];
        if ($this->token !== '') {
            $headers['Authorization'] = "Bearer $this->token";
        }
        $options = [
            'verify' => $this->cafile !== '' ? $this->cafile : true,
            'connect_timeout' => $this->connectseconds,
            'timeout' => $this->seconds,
            'http_errors' => false,
            'allow_redirects' => false,
        ];
        if ($body !== null) {
            $headers['Content-Type'] = 'application/json';
            if (strlen($body) > self::GZIP_FROM) {
                $headers['Content-Encoding'] = 'gzip';
                $body = gzencode($body, 1);
            }
            $options['body'] = $body;
        }
        try {
            $response = $this->http->request($method, rtrim($this->endpoint, '/') . $path, $options + ['headers' => $headers]);
        } catch (GuzzleException $exception) {
            throw self::of_exception($exception);
        }
        if ($response->getStatusCode() !== 200) {
            throw self::of_status($response);
        }
        return $response;
    }

    /**
     * What a failure on the way means.
     *
     * @param GuzzleException $exception
     * @return service_exception
     */
    private static function of_exception(GuzzleException $exception): service_exception {
        $message = $exception->getMessage();
        $errno = preg_match('~cURL error (\d+)~', $message, $match) ? (int) $match[1] : 0;
        $failure = self::CURL[$errno] ?? failure::network;
        if (!$exception instanceof ConnectException && $errno === 0 && str_contains($message, 'URL is blocked')) {
            $failure = failure::blockedhost;
        }
        return new service_exception($failure, $message);
    }

    /**
     * What a status means.
     *
     * @param ResponseInterface $response
     * @return service_exception
     */
    private static function of_status(ResponseInterface $response): service_exception {
        $status = $response->getStatusCode();
        $failure = match (true) {
            $status === 401, $status === 403 => failure::token,
            $status === 400, $status === 422 => failure::request,
            $status === 413 => failure::toolarge,
            $status === 404, $status === 405, $status === 415, $status >= 300 && $status < 400 => failure::version,
            $status === 429, $status === 503, $status === 504 => failure::busy,
            default => failure::server,
        };
        $decoded = json_decode((string) $response->getBody(), true);
        $detail = is_array($decoded) && is_string($decoded['error'] ?? null) ? $decoded['error'] : '';
        return new service_exception($failure, trim("$status " . substr($detail, 0, 500)), self::retry_after($response));
    }

    /**
     * How long we are asked to wait.
     *
     * @param ResponseInterface $response
     * @return float|null seconds
     */
    private static function retry_after(ResponseInterface $response): ?float {
        $value = trim($response->getHeaderLine('Retry-After'));
        if ($value === '') {
            return null;
        }
        if (is_numeric($value)) {
            return max(0.0, (float) $value);
        }
        $time = strtotime($value);
        return $time === false ? null : max(0.0, $time - time());
    }

    /**
     * The body as an array.
     *
     * @param ResponseInterface $response
     * @param failure $otherwise if it is none
     * @return array
     */
    private function decoded(ResponseInterface $response, failure $otherwise): array {
        $decoded = json_decode((string) $response->getBody(), true);
        if (!is_array($decoded)) {
            throw new service_exception($otherwise, 'an answer that is no JSON');
        }
        return $decoded;
    }
}
