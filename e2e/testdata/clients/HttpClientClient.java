import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

class HttpClientClient {
	private static final HttpClient CLIENT = HttpClient.newHttpClient();

	public static void main(String[] args) throws Exception {
		Bodies.sendAll(args, HttpClientClient::post);
	}

	private static String post(String url, String contentType, byte[] body, boolean expect) throws Exception {
		HttpRequest request = HttpRequest.newBuilder(URI.create(url))
				.header("Content-Type", contentType)
				.expectContinue(expect)
				.timeout(Duration.ofMinutes(1))
				.POST(HttpRequest.BodyPublishers.ofByteArray(body))
				.build();
		HttpResponse<String> answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
		// An expected 100 that does not come is waited for until the time-out.
		return (expect ? "100 " : "") + answer.statusCode();
	}
}
