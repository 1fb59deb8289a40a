import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

class Post {
	public static void main(String[] args) throws Exception {
		byte[] body = Files.readAllBytes(Path.of(args[1]));
		HttpURLConnection connection = (HttpURLConnection) URI.create(args[0]).toURL().openConnection();
		connection.setRequestMethod("POST");
		connection.setRequestProperty("Content-Type", "application/json");
		connection.setDoOutput(true);
		try (OutputStream out = connection.getOutputStream()) {
			out.write(body);
		}
		if (connection.getResponseCode() != 200) {
			throw new Exception("answered " + connection.getResponseCode());
		}
	}
}
