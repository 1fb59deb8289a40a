import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;

class UrlConnectionClient {
	public static void main(String[] args) throws Exception {
		Bodies.sendAll(args, UrlConnectionClient::post);
	}

	private static String post(String url, String contentType, byte[] body, boolean expect) throws Exception {
		HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
		connection.setRequestMethod("POST");
		connection.setRequestProperty("Content-Type", contentType);
		connection.setReadTimeout(60_000);
		connection.setDoOutput(true);
		if (expect) {
			// Only streamed bodies wait for 100: getOutputStream returns when it is there, or throws.
			connection.setRequestProperty("Expect", "100-continue");
			connection.setFixedLengthStreamingMode(body.length);
		}
		try (OutputStream out = connection.getOutputStream()) {
			out.write(body);
		}
		connection.getInputStream().readAllBytes();
		return (expect ? "100 " : "") + connection.getResponseCode();
	}
}
