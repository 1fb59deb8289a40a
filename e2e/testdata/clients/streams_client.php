<?php
// streams_client.php <URL> <document> <directory for what was sent>
[, $url, $document, $sent] = $argv;
$fields = ['amount' => '12.50', 'to' => 'Zoë & Söhne'];

function post(string $name, string $type, string $body, array $headers): void
{
	global $url, $sent;
	file_put_contents("$sent/$name", $body);
	$options = [
		'method' => 'POST',
		'header' => ["Content-Type: $type", ...$headers],
		'content' => $body,
		'timeout' => 60,
	];
	// PHP does not look at the environment of itself.
	$plain = str_starts_with($url, 'http:');
	if ($proxy = getenv($plain ? 'http_proxy' : 'https_proxy')) {
		$options['proxy'] = str_replace('http:', 'tcp:', $proxy);
		$options['request_fulluri'] = $plain;
	}
	$answer = file_get_contents("$url/$name", false, stream_context_create(['http' => $options]));
	if ($answer === false) {
		exit(1);
	}
	$statuses = array_map(fn ($line) => explode(' ', $line)[1], preg_grep('{^HTTP/}', $http_response_header));
	echo $name, ' ', implode(' ', $statuses), "\n";
}

function multipart(): array
{
	global $fields, $document;
	$boundary = bin2hex(random_bytes(16));
	$body = '';
	foreach ($fields as $name => $value) {
		$body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"\r\n\r\n$value\r\n";
	}
	$body .= "--$boundary\r\nContent-Disposition: form-data; name=\"document\"; filename=\"" . basename($document) . "\"\r\n"
		. "Content-Type: application/pdf\r\n\r\n" . file_get_contents($document) . "\r\n--$boundary--\r\n";
	return ["multipart/form-data; boundary=$boundary", $body];
}

foreach (['' => [], '-expect' => ['Expect: 100-continue']] as $suffix => $headers) {
	post("json$suffix", 'application/json', json_encode($fields), $headers);
	post("form$suffix", 'application/x-www-form-urlencoded', http_build_query($fields), $headers);
	post("multipart$suffix", ...multipart(), headers: $headers);
}
