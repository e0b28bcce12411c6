# The sentences of en-US.ftl in Turkish, which says what the values are. Readers are “sen”, as in Discord's Turkish.
# A noun after a number stays singular, so most numbers need no choice; no suffix ever follows a value.

hint-empty = Bana bir şey sor: sorunu adımdan sonra yaz, bana bir resim gönder ya da /ask kullan.
withheld = Discord orada ne yazdığını bana göstermedi: benden ayrı bir mesajda bahset ya da mesajın “Uygulamalar” menüsünden “Ask about this message” seçeneğini kullan.
note-quote-withheld = Discord yanıtladığın mesajı bana göstermedi: o mesajın “Uygulamalar” menüsünden “Ask about this message” seçeneğini kullan, o zaman okuyabilirim.
queue-full = { $waiting ->
        [one] Burada zaten bekleyen { $waiting } soru var: onu yanıtladığımda lütfen yeniden sor.
       *[other] Burada zaten bekleyen { $waiting } soru var: birkaçını yanıtladığımda lütfen yeniden sor.
    }
quota-spent = Bu saat için { $limit ->
        [one] tek soru hakkını
       *[other] { $limit } soru hakkını
    } kullandın: lütfen { $retry } yeniden sor.
guild-not-allowed = Beni çalıştıran kişi beni bu sunucuya açmadı: ondan sunucuyu eklemesini iste ya da beni çalıştığım yerde kullan.
dm-not-allowed = Beni çalıştıran kişi yalnızca kendi sunucularının üyelerine direkt mesajla yanıt vermeme izin veriyor: lütfen birine katıl ya da orada sor.
restarting = Şu anda yeniden başlatılıyorum: lütfen bir dakika sonra yeniden sor.
try-later = Burada soru sorup soramayacağını öğrenemedim: lütfen bir dakika sonra yeniden dene.
hint-cannot-write = Bu kanalda kendiliğimden yazamıyorum, yalnızca eğik çizgi komutlarına yanıt verebiliyorum: bir yönetici bana burada “View Channel” ve “Send Messages” izinlerini verebilir.

reka-auth = Şu anda Reka hesabına giriş yapamıyorum: lütfen beni çalıştıran kişiye Reka oturumunun yenilenmesi gerektiğini söyle.
reka-busy = Reka şu anda çok yoğun: lütfen bir dakika sonra yeniden dene.
reka-busy-until = Reka şu anda çok yoğun: lütfen { $retry } yeniden dene.
reka-quota = Reka kredisi bitti: lütfen beni çalıştıran kişiye haber ver.
reka-silent = Reka sustu: lütfen yeniden dene.
reka-down = Şu anda Reka ile bağlantı kuramıyorum: lütfen bir dakika sonra yeniden dene.
reka-odd = Reka okuyamadığım bir yanıt gönderdi: lütfen yeniden dene.
reka-refused = Reka bu soruyu kabul etmedi: lütfen başka türlü ya da daha kısa sor.
reka-filtered = Reka'nın içerik filtresi bu yanıtı durdurdu: lütfen başka türlü sor.
unexpected = Bende bir şeyler ters gitti ve günlüğüme yazıldı: lütfen yeniden dene.
memory-unavailable = Şu anda belleğime ulaşamıyorum: lütfen bir dakika sonra yeniden dene.
discord-refused = Discord bu yanıtı göstermek istemedi: lütfen başka türlü sor.

thinking = Düşünüyorum…
rest-in-file = Yanıtın tamamı ekteki dosyada.
thought-in-file = Bu düşüncelerin tamamı ekteki dosyada.
thought-gone = Bu düşünceler artık bende yok: onları en fazla bir saat saklarım, yeniden başlatılınca da kaybolurlar.

note-broke-off = Yanıt burada kesildi. { $why }
note-too-long = Burada duruyorum: bu yanıt { $limit } karakterlik sınırına ulaştı. Daha fazlasını istersen devam etmemi söyle.
note-too-slow = Burada duruyorum: bu yanıt { $minutes } dakikadan uzun sürdü. Daha fazlasını istersen devam etmemi söyle.
note-token-ending = Burada duruyorum: Discord bir komuta yalnızca 15 dakika boyunca yanıt vermeme izin veriyor. Daha fazlasını istersen devam etmemi söyle.
note-pictures-refused = Bu sohbetteki, Reka'nın kabul etmediği görseller olmadan yanıt verdim.
note-restarted = Bu yanıtın ortasında yeniden başlatıldım: lütfen yeniden dene.
note-at-models-limit = Burada duruyorum: bu yanıt modelin sınırına ulaştı.
note-only-thought = Bunun üzerinde yalnızca düşündüm ve bir yanıta varamadım.

button-try-again = Yeniden dene
button-go-on = Devam et
button-thinking = Düşünceleri göster
again-not-yours = Bunu yalnızca soruyu soran kişi ya da burada mesajları yöneten biri yeniden deneyebilir.
again-running = Zaten üzerinde çalışıyorum ya da yanıtı çoktan geldi.
again-forgotten = Bu soruyu artık hatırlamıyorum: lütfen baştan sor.

reset-done = Tamamdır: bu sohbeti unuttum, baştan başlıyoruz.
reset-nothing = Unutacak bir şey yoktu: baştan başlıyoruz.

operator-only = Bu komut beni çalıştıran kişi içindir: bana başka bir şey sorabilirsin.
operator-synced = Discord'da artık şu komutlarım var: { $names }.
operator-sync-failed = Discord komutlarımı kabul etmedi ({ $why }): lütfen bir dakika sonra yeniden dene.
operator-reloaded = Yeniden yüklendi: { $names }.
operator-reload-failed = { $name } yeniden yüklenemedi ({ $why }) ve eskisi gibi çalışıyor: ayrıntılar günlüğümde.

file-too-many = { $limit ->
        [one] Yalnızca ilk resme baktım
       *[other] İlk { $limit } resme baktım
    }; atladıklarım: { $names }.
file-too-large = { $name } dosyasını atladım: boyutu { $limit_mib } MiB sınırını aşıyor.
file-not-picture = { $name } dosyasını atladım: yalnızca PNG, JPEG, WebP ve GIF resimlere bakabiliyorum.
file-broken = { $name } dosyasını atladım: dosya bozuk ya da resim açılamayacak kadar büyük.
file-refused = { $name } dışarıda kaldı: Reka bu dosyayı kabul etmedi.
file-gone = { $name } dosyasını atladım: dosya artık Discord üzerinde yok, lütfen yeniden ekle.
file-unreachable = { $name } dosyasını atladım: dosyayı indiremedim, lütfen yeniden ekle.
file-forbidden-host = { $name } dosyasını atladım: yalnızca Discord üzerinden dosya indiririm.

about-question = Lütfen bu mesajı açıkla.
go-on-question = Lütfen tam kaldığın yerden, aynı dilde devam et.
