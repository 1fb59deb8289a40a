import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;

class PostHttpClient {
	public static void main(String[] args) throws Exception {
		HttpRequest request = HttpRequest.newBuilder(URI.create(args[0]))
				.header("Content-Type", "application/json")
				.POST(HttpRequest.BodyPublishers.ofFile(Path.of(args[1])))
				.build();
		HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
		if (answer.statusCode() != 200) {
			throw new Exception("answered " + answer.statusCode() + " " + answer.body());
		}
	}
}
