<?php
// Reads bodies, asks the server for each, and prints what the plugin's client makes of the answers: ask.php ADDRESS TOKEN SECONDS
require(__DIR__ . '/load.php');
require('/usr/share/php/GuzzleHttp/autoload.php');

use local_earlybell\local\client;
use local_earlybell\local\service_exception;

[, $address, $token, $seconds] = $argv;
$client = new client(new GuzzleHttp\Client(), $address, $token, '', 2, (float) $seconds);
$made = [];
foreach (json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR) as [$verb, $body]) {
    try {
        $made[] = ['answer' => $verb === 'metadata' ? $client->metadata() : $client->$verb($body)];
    } catch (service_exception $exception) {
        $made[] = [
            'failure' => $exception->failure->value,
            'message' => $exception->getMessage(),
            'retryafter' => $exception->retryafter,
        ];
    }
}
echo json_encode($made);
