client.on("input1", lambda m: client.send("output1", m))
client.send("question", 1)
